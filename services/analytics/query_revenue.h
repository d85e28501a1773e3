// The report QueryRevenue.
#pragma once

#include <absl/status/statusor.h>

#include "libs/base/call.h"
#include "libs/host/query_context.h"
#include "lotura/analytics/v1/report.pb.h"

namespace lotura::analytics {

absl::StatusOr<v1::QueryRevenueResponse> QueryRevenue(const Call& call,
                                                      const v1::QueryRevenueRequest& request,
                                                      host::QueryContext& context);

}  // namespace lotura::analytics
