// The query GetApiKeyUse.
#pragma once

#include <absl/status/statusor.h>

#include "libs/base/call.h"
#include "libs/host/query_context.h"
#include "lotura/directory/v1/api_key.pb.h"

namespace lotura::directory {

absl::StatusOr<v1::ApiKeyUse> GetApiKeyUse(const Call& call, const v1::GetApiKeyUseRequest& request,
                                           host::QueryContext& context);

}  // namespace lotura::directory
