#include "services/accounts/organization.h"

#include "libs/resource/changes.h"
#include "services/accounts/contact.h"
#include "services/accounts/domain/reasons.h"

namespace lotura::accounts {
namespace {

// A chain of parents that is longer is taken as one that has an end.
constexpr int kParentsMax = 50;

// A group of companies has a top: no organization is, over its parents, a subsidiary of its own.
// One that is new has no subsidiaries yet.
absl::Status CheckParents(resource::Changes& changes, const v1::Organization& organization) {
  std::string parent = organization.parent_organization();
  for (int i = 0; i < kParentsMax && !parent.empty(); ++i) {
    if (parent == organization.name()) {
      return InvalidArgument("parent_organization", reasons::kOwnSubsidiary,
                             "makes the organization a subsidiary of its own");
    }
    const auto next = changes.Load<v1::Organization>(parent);
    if (!next.ok())
      return resource::IsBadReference(next.status()) ? absl::OkStatus() : next.status();
    parent = next->parent_organization();
  }
  return absl::OkStatus();
}

absl::Status Derive(resource::Changes& changes, const v1::Organization* before,
                    v1::Organization& after) {
  NormalizePhones(*after.mutable_phones());
  if (before == nullptr || before->parent_organization() == after.parent_organization())
    return absl::OkStatus();
  return CheckParents(changes, after);
}

void Validate(const v1::Organization* before, const v1::Organization& after,
              Violations& violations) {
  if (before == nullptr && after.parent_organization() == after.name()) {
    violations.Add("parent_organization", reasons::kOwnSubsidiary,
                   "makes the organization a subsidiary of its own");
  }
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
