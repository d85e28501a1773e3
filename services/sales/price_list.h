// Rules of price lists.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/sales/v1/price_list.pb.h"

namespace lotura::sales {

resource::Rules<v1::PriceList> PriceListRules();

}  // namespace lotura::sales
