#include "services/accounts/records.h"

#include "services/accounts/affiliation.h"
#include "services/accounts/organization.h"
#include "services/accounts/person.h"

namespace lotura::accounts {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add(OrganizationRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add(PersonRules()));
  return catalog.Add(AffiliationRules());
}

}  // namespace lotura::accounts
