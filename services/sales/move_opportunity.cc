#include "services/sales/move_opportunity.h"

#include "services/sales/domain/stage_entry.h"
#include "services/sales/stage_change.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> MoveOpportunity(const Call& call,
                                                const v1::MoveOpportunityRequest& request,
                                                resource::UnitOfWork& work) {
  if (request.has_move_time()) LOTURA_RETURN_IF_ERROR(CheckMaySetTimes(call));
  return ChangeStage(call, request, work, domain::EnterStage);
}

}  // namespace lotura::sales
