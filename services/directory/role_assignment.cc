#include "services/directory/role_assignment.h"

#include "libs/access/role_check.h"

namespace lotura::directory {
namespace {

void Validate(const v1::RoleAssignment* /*before*/, const v1::RoleAssignment& after,
              Violations& violations) {
  access::CheckRecordTypes(after.record_types(), violations);
}

}  // namespace

resource::Rules<v1::RoleAssignment> RoleAssignmentRules() { return {.validate = Validate}; }

}  // namespace lotura::directory
