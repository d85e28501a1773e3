// The verb ReopenOpportunity.
#pragma once

#include <absl/status/statusor.h>

#include "libs/resource/changes.h"
#include "lotura/sales/v1/opportunity_service.pb.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> ReopenOpportunity(const Call& call,
                                                  const v1::ReopenOpportunityRequest& request,
                                                  resource::Changes& changes);

}  // namespace lotura::sales
