// The verb IssueApiKey.
#pragma once

#include "libs/resource/changes.h"
#include "lotura/directory/v1/api_key.pb.h"

namespace lotura::directory {

absl::StatusOr<v1::IssueApiKeyResponse> IssueApiKey(const Call& call,
                                                    const v1::IssueApiKeyRequest& request,
                                                    resource::Changes& changes);

}  // namespace lotura::directory
