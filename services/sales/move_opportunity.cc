#include "services/sales/move_opportunity.h"

#include "services/sales/domain/stage_entry.h"
#include "services/sales/stage_change.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> MoveOpportunity(const Call& call,
                                                const v1::MoveOpportunityRequest& request,
                                                resource::Changes& changes) {
  if (request.has_move_time()) LOTURA_RETURN_IF_ERROR(CheckMaySetTimes(call));
  return ChangeStage(changes, request, domain::EnterStage);
}

}  // namespace lotura::sales
