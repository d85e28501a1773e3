// Rules of prices.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/sales/v1/price.pb.h"

namespace lotura::sales {

resource::Rules<v1::Price> PriceRules();

}  // namespace lotura::sales
