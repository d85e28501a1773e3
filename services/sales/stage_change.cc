#include "services/sales/stage_change.h"

#include "lotura/sales/v1/pipeline.pb.h"
#include "services/sales/domain/reasons.h"
#include "services/sales/domain/stage_entry.h"

namespace lotura::sales {
namespace {

constexpr char kSetTimes[] = "sales.opportunities.setTimes";

}  // namespace

absl::Status CheckMaySetTimes(const Call& call) {
  return call.principal.Permits(kSetTimes) ? absl::OkStatus() : PermissionDenied(kSetTimes);
}

absl::Status CheckPipeline(resource::Changes& changes, const v1::Stage& stage) {
  if (stage.kind() != v1::Stage::KIND_OPEN) return absl::OkStatus();
  const std::string name = domain::PipelineOf(stage);
  const auto pipeline = changes.LoadFollowing<v1::Pipeline>(name);
  if (pipeline.ok() || !resource::IsBadReference(pipeline.status())) return pipeline.status();
  return FailedPrecondition(reasons::kPipelineDeleted,
                            "the pipeline of the stage is deleted; undelete it first",
                            {{"pipeline", name}});
}

absl::StatusOr<v1::Stage> LoadTarget(resource::Changes& changes, const std::string& name) {
  if (name.empty()) return InvalidArgument("stage", reasons::kRequired, "is missing");
  absl::StatusOr<v1::Stage> stage = changes.Load<v1::Stage>(name);
  if (stage.ok()) {
    LOTURA_RETURN_IF_ERROR(CheckPipeline(changes, *stage));
    return stage;
  }
  if (!resource::IsBadReference(stage.status())) return stage;
  if (ReasonOf(stage.status()) == reasons::kNameInvalid)
    return InvalidArgument("stage", reasons::kNameInvalid, "is not the name of a stage");
  return FailedPrecondition(reasons::kReferenceNotFound, "stage: there is no such record",
                            {{"field", "stage"}, {"name", name}});
}

absl::Status RecordStageChange(resource::Changes& changes, const v1::Opportunity& before,
                               const v1::Opportunity& after) {
  return changes
      .Create(domain::HistoryOf(before, after, changes.call().principal.name), before.name())
      .status();
}

}  // namespace lotura::sales
