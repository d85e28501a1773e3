// Rules of role assignments.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/role_assignment.pb.h"

namespace lotura::directory {

resource::Rules<v1::RoleAssignment> RoleAssignmentRules();

}  // namespace lotura::directory
