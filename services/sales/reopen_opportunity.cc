#include "services/sales/reopen_opportunity.h"

#include "services/sales/domain/stage_entry.h"
#include "services/sales/stage_change.h"

namespace lotura::sales {

absl::StatusOr<v1::Opportunity> ReopenOpportunity(const Call& call,
                                                  const v1::ReopenOpportunityRequest& request,
                                                  resource::Changes& changes) {
  if (request.has_reopen_time()) LOTURA_RETURN_IF_ERROR(CheckMaySetTimes(call));
  return ChangeStage(changes, request, domain::Reopen);
}

}  // namespace lotura::sales
