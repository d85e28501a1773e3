#include "services/directory/role.h"

#include "libs/access/role_check.h"
#include "libs/resource/hierarchy.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

constexpr resource::Hierarchy kBases{.field = "base_role",
                                     .reason = reasons::kOwnBase,
                                     .description = "makes the role build upon itself"};

void Validate(const v1::Role* /*before*/, const v1::Role& after, Violations& violations) {
  access::CheckPermissions(after.permissions(), "permissions", violations);
  access::CheckRecordRules(after, violations);
  access::CheckFieldRules(after, violations);
}

}  // namespace

resource::Rules<v1::Role> RoleRules() {
  return {.derive = resource::NoCircle<v1::Role>(kBases), .validate = Validate};
}

}  // namespace lotura::directory
