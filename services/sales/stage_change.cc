#include "services/sales/stage_change.h"

#include "services/sales/domain/reasons.h"
#include "services/sales/domain/stage_entry.h"

namespace lotura::sales {
namespace {

constexpr char kSetTimes[] = "sales.opportunities.setTimes";

}  // namespace

absl::Status CheckMaySetTimes(const Call& call) {
  return call.principal.Permits(kSetTimes) ? absl::OkStatus() : PermissionDenied(kSetTimes);
}

absl::StatusOr<v1::Stage> LoadTarget(resource::Changes& changes, const std::string& name) {
  if (name.empty()) return InvalidArgument("stage", reasons::kRequired, "is missing");
  absl::StatusOr<v1::Stage> stage = changes.Load<v1::Stage>(name);
  if (stage.ok() || !resource::IsBadReference(stage.status())) return stage;
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
