// Rules of opportunities.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::sales {

resource::Rules<v1::Opportunity> OpportunityRules();

}  // namespace lotura::sales
