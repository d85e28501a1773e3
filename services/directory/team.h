// Rules of teams.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/team.pb.h"

namespace lotura::directory {

resource::Rules<v1::Team> TeamRules();

}  // namespace lotura::directory
