// Rules of users.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/user.pb.h"

namespace lotura::directory {

resource::Rules<v1::User> UserRules();

}  // namespace lotura::directory
