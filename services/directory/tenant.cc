#include "services/directory/tenant.h"

#include "libs/access/tenants.h"
#include "libs/resource/changes.h"
#include "services/directory/domain/administrator.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

absl::Status Derive(resource::Changes& changes, const v1::Tenant* before, v1::Tenant& after) {
  if (before == nullptr) {
    // Whoever may create tenants is of the operator's.
    if (after.name() == access::RecordOfTenant(changes.call().principal.tenant))
      return InvalidArgument("name", reasons::kOperatorTenant, "is the operator tenant itself");
    after.set_state(v1::Tenant::STATE_PROVISIONING);
    return absl::OkStatus();
  }
  const bool returns = before->has_delete_time() && !after.has_delete_time();
  if (returns && before->state() == v1::Tenant::STATE_PURGING) {
    return FailedPrecondition(reasons::kTenantPurged,
                              "its grace is over, and what it had is removed",
                              {{"name", before->name()}});
  }
  return absl::OkStatus();
}

void Validate(const v1::Tenant* /*before*/, const v1::Tenant& after, Violations& violations) {
  // What is missing is told by what the field declares.
  if (!after.administrator().empty() &&
      !domain::FindAdministrator(after.administrator()).has_value()) {
    violations.Add("administrator", "FORMAT_INVALID",
                   "is the id of a user, or users/{user} or clients/{client}");
  }
}

}  // namespace

resource::Rules<v1::Tenant> TenantRules() { return {.derive = Derive, .validate = Validate}; }

}  // namespace lotura::directory
