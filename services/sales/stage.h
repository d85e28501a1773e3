// Rules of stages.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/sales/v1/stage.pb.h"

namespace lotura::sales {

resource::Rules<v1::Stage> StageRules();

}  // namespace lotura::sales
