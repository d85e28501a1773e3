// The verb MoveOpportunity.
#pragma once

#include <absl/status/statusor.h>

#include "libs/resource/changes.h"
#include "lotura/sales/v1/opportunity_service.pb.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> MoveOpportunity(const Call& call,
                                                const v1::MoveOpportunityRequest& request,
                                                resource::Changes& changes);

}  // namespace lotura::sales
