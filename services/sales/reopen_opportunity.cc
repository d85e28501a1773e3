#include "services/sales/reopen_opportunity.h"

#include "services/sales/domain/stage_entry.h"
#include "services/sales/stage_change.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> ReopenOpportunity(const Call& call,
                                                  const v1::ReopenOpportunityRequest& request,
                                                  resource::UnitOfWork& work) {
  if (request.has_reopen_time()) LOTURA_RETURN_IF_ERROR(CheckMaySetTimes(call));
  return work.Run<v1::Opportunity>(
      call, request, [&](resource::Changes& changes) -> absl::StatusOr<v1::Opportunity> {
        LOTURA_ASSIGN_OR_RETURN(const v1::Opportunity before,
                                changes.Load<v1::Opportunity>(request.name(), request.etag()));
        LOTURA_ASSIGN_OR_RETURN(const v1::Stage stage, LoadTarget(changes, request.stage()));
        v1::Opportunity after = before;
        LOTURA_ASSIGN_OR_RETURN(const v1::OpportunityReopened reopened,
                                domain::Reopen(after, stage, request, call.now));
        LOTURA_RETURN_IF_ERROR(RecordStageChange(changes, before, after));
        return changes.Save(after, &reopened);
      });
}

}  // namespace lotura::sales
