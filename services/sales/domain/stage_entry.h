// How an opportunity comes into its stages.
#pragma once

#include <absl/status/statusor.h>

#include "libs/base/clock.h"
#include "libs/base/errors.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/opportunity_service.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "lotura/sales/v1/stage_change.pb.h"

namespace lotura::sales::domain {

// "pipelines/p1" of the stage "pipelines/p1/stages/s1".
std::string PipelineOf(const v1::Stage& stage);

// Puts a new opportunity into its first stage: pipeline, state and times. FAILED_PRECONDITION
// STAGE_NOT_OPEN for a won or lost stage; INVALID_ARGUMENT if open_time is in the future.
absl::Status Open(v1::Opportunity& deal, const v1::Stage& stage, Instant now);

// Moves an open opportunity as the request says, and closes it if the stage does. Errors: those of
// MoveOpportunity.
absl::StatusOr<v1::OpportunityMoved> EnterStage(v1::Opportunity& deal, const v1::Stage& stage,
                                                const v1::MoveOpportunityRequest& request,
                                                Instant now);

// Takes a closed opportunity up again in an open stage. Errors: those of ReopenOpportunity.
absl::StatusOr<v1::OpportunityReopened> Reopen(v1::Opportunity& deal, const v1::Stage& stage,
                                               const v1::ReopenOpportunityRequest& request,
                                               Instant now);

// Adds what is wrong with an opportunity that is won: the offer is in another currency than what
// the customer agreed to pay. Fields are paths within the opportunity.
void CheckClosed(const v1::Opportunity& deal, Violations& violations);

// The entry in the history for the way from `before` to `after`, without a name.
v1::StageChange HistoryOf(const v1::Opportunity& before, const v1::Opportunity& after,
                          std::string actor);

}  // namespace lotura::sales::domain
