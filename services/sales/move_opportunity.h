// The verb MoveOpportunity.
#pragma once

#include <absl/status/statusor.h>

#include "libs/resource/unit_of_work.h"
#include "lotura/sales/v1/opportunity_service.pb.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> MoveOpportunity(const Call& call,
                                                const v1::MoveOpportunityRequest& request,
                                                resource::UnitOfWork& work);

}  // namespace lotura::sales
