// The query ListTimeline.
#pragma once

#include <absl/status/statusor.h>

#include "libs/base/call.h"
#include "libs/host/query_context.h"
#include "lotura/communications/v1/timeline.pb.h"

namespace lotura::communications {

absl::StatusOr<v1::ListTimelineResponse> ListTimeline(const Call& call,
                                                      const v1::ListTimelineRequest& request,
                                                      host::QueryContext& context);

}  // namespace lotura::communications
