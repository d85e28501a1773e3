// What the verbs that change a stage have in common.
#pragma once

#include <absl/status/statusor.h>

#include "libs/resource/changes.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/stage.pb.h"

namespace lotura::sales {

// PERMISSION_DENIED unless the caller may say when something happened.
absl::Status CheckMaySetTimes(const Call& call);

// FAILED_PRECONDITION PIPELINE_DELETED if the pipeline of an open stage is deleted: no work begins
// there any more, but what goes on there can be won or lost.
absl::Status CheckPipeline(resource::Changes& changes, const v1::Stage& stage);

// The stage that a request names in its field "stage". INVALID_ARGUMENT if that is no name of one;
// FAILED_PRECONDITION REFERENCE_NOT_FOUND if there is none, or as CheckPipeline says.
absl::StatusOr<v1::Stage> LoadTarget(resource::Changes& changes, const std::string& name);

// Adds the way from `before` to `after` to the history of the opportunity.
absl::Status RecordStageChange(resource::Changes& changes, const v1::Opportunity& before,
                               const v1::Opportunity& after);

// Brings the opportunity that the request names into the stage that it names. `enter` changes the
// opportunity and returns the detail of the event.
template <typename Request, typename Enter>
absl::StatusOr<v1::Opportunity> ChangeStage(resource::Changes& changes, const Request& request,
                                            const Enter& enter) {
  LOTURA_ASSIGN_OR_RETURN(const v1::Opportunity before,
                          changes.Load<v1::Opportunity>(request.name(), request.etag()));
  LOTURA_RETURN_IF_ERROR(changes.CheckMayChange(before));
  LOTURA_ASSIGN_OR_RETURN(const v1::Stage stage, LoadTarget(changes, request.stage()));
  v1::Opportunity after = before;
  LOTURA_ASSIGN_OR_RETURN(const auto detail, enter(after, stage, request, changes.call().now));
  LOTURA_RETURN_IF_ERROR(RecordStageChange(changes, before, after));
  return changes.Save(after, &detail);
}

}  // namespace lotura::sales
