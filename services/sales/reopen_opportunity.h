// The verb ReopenOpportunity.
#pragma once

#include <absl/status/statusor.h>

#include "libs/resource/unit_of_work.h"
#include "lotura/sales/v1/opportunity_service.pb.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> ReopenOpportunity(const Call& call,
                                                  const v1::ReopenOpportunityRequest& request,
                                                  resource::UnitOfWork& work);

}  // namespace lotura::sales
