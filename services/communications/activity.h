// Rules of activities.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/communications/v1/activity.pb.h"

namespace lotura::communications {

resource::Rules<v1::Activity> ActivityRules();

}  // namespace lotura::communications
