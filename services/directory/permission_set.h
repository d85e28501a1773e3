// Rules of permission sets.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/permission_set.pb.h"

namespace lotura::directory {

resource::Rules<v1::PermissionSet> PermissionSetRules();

}  // namespace lotura::directory
