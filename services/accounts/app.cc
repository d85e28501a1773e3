#include "services/accounts/app.h"

#include "services/accounts/affiliation.h"
#include "services/accounts/migrations.sql.h"
#include "services/accounts/organization.h"
#include "services/accounts/person.h"

namespace lotura::accounts {
namespace {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Organization>(OrganizationRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Person>(PersonRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Affiliation>(AffiliationRules()));
  return absl::OkStatus();
}

}  // namespace

host::ServiceSpec Spec() {
  return {.name = "accounts", .migrations = &sql::kMigrations, .declare = Declare};
}

}  // namespace lotura::accounts
