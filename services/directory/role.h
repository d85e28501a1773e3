// Rules of roles.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/role.pb.h"

namespace lotura::directory {

resource::Rules<v1::Role> RoleRules();

}  // namespace lotura::directory
