#include "services/accounts/organization.h"

#include "libs/resource/hierarchy.h"
#include "services/accounts/contact.h"
#include "services/accounts/domain/reasons.h"

namespace lotura::accounts {
namespace {

constexpr resource::Hierarchy kGroup{
    .field = "parent_organization",
    .reason = reasons::kOwnSubsidiary,
    .description = "makes the organization a subsidiary of its own"};

absl::Status Derive(resource::Changes& changes, const v1::Organization* before,
                    v1::Organization& after) {
  Violations violations;
  NormalizePhones(before == nullptr ? nullptr : &before->phones(), *after.mutable_phones(),
                  violations);
  LOTURA_RETURN_IF_ERROR(resource::CheckNoCircle(changes, before, after, kGroup, violations));
  return violations.ToStatus();
}

void Validate(const v1::Organization* /*before*/, const v1::Organization& after,
              Violations& violations) {
  if (!after.country_code().empty() && !IsCountryCode(after.country_code())) {
    violations.Add("country_code", reasons::kFormatInvalid,
                   "is not a country code of two capital letters (ISO 3166-1)");
  }
  CheckAddresses(after.addresses(), violations);
  CheckPhones(after.phones(), violations);
  CheckEmails(after.emails(), violations);
  CheckTags(after.tags(), violations);
}

}  // namespace

resource::Rules<v1::Organization> OrganizationRules() {
  return {.derive = Derive, .validate = Validate};
}

}  // namespace lotura::accounts
