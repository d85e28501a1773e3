// What the verbs that change a stage have in common.
#pragma once

#include <absl/status/statusor.h>

#include "libs/resource/changes.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/stage.pb.h"

namespace lotura::sales {

// PERMISSION_DENIED unless the caller may say when something happened.
absl::Status CheckMaySetTimes(const Call& call);

// The stage that a request names in its field "stage"; FAILED_PRECONDITION REFERENCE_NOT_FOUND if
// there is none.
absl::StatusOr<v1::Stage> LoadTarget(resource::Changes& changes, const std::string& name);

// Adds the way from `before` to `after` to the history of the opportunity.
absl::Status RecordStageChange(resource::Changes& changes, const v1::Opportunity& before,
                               const v1::Opportunity& after);

}  // namespace lotura::sales
