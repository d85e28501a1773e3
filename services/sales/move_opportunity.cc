#include "services/sales/move_opportunity.h"

#include "services/sales/domain/reasons.h"
#include "services/sales/domain/stage_entry.h"
#include "services/sales/stage_change.h"

namespace lotura::sales {
namespace {

// What the customer pays is the amount unless it is said: to whoever may not read that, nor lines
// of which it is the sum, it would be told.
absl::Status CheckKnowsAmount(resource::Changes& changes, const v1::Opportunity& before) {
  if (changes.MayRead(before, "amount")) return absl::OkStatus();
  if (!before.lines().empty() && changes.MayRead(before, "lines")) return absl::OkStatus();
  return InvalidArgument("close_amount", reasons::kRequired,
                         "must be said by whoever may not read the amount");
}

}  // namespace

absl::StatusOr<v1::Opportunity> MoveOpportunity(const Call& call,
                                                const v1::MoveOpportunityRequest& request,
                                                resource::Changes& changes) {
  if (request.has_move_time()) LOTURA_RETURN_IF_ERROR(CheckMaySetTimes(call));
  const auto enter = [&changes](v1::Opportunity& deal, const v1::Stage& stage,
                                const v1::MoveOpportunityRequest& wanted,
                                Instant now) -> absl::StatusOr<v1::OpportunityMoved> {
    const bool takes_amount = stage.kind() == v1::Stage::KIND_WON && !wanted.has_close_amount();
    const absl::Status knows = takes_amount ? CheckKnowsAmount(changes, deal) : absl::OkStatus();
    LOTURA_ASSIGN_OR_RETURN(auto moved, domain::EnterStage(deal, stage, wanted, now));
    LOTURA_RETURN_IF_ERROR(knows);
    return moved;
  };
  return ChangeStage(changes, request, enter);
}

}  // namespace lotura::sales
