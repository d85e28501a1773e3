#include "services/sales/domain/stage_entry.h"

#include <fmt/format.h>

#include <string_view>

#include "libs/base/calendar.h"
#include "libs/base/money.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "services/sales/domain/line_sum.h"
#include "services/sales/domain/reasons.h"

namespace lotura::sales::domain {
namespace {

constexpr std::size_t kLostReasonSizeMax = 255;

v1::Opportunity::State StateIn(const v1::Stage& stage) {
  if (stage.kind() == v1::Stage::KIND_WON) return v1::Opportunity::STATE_WON;
  if (stage.kind() == v1::Stage::KIND_LOST) return v1::Opportunity::STATE_LOST;
  return v1::Opportunity::STATE_OPEN;
}

absl::Status CheckWay(const v1::Opportunity& deal, const v1::Stage& stage) {
  if (stage.name() == deal.stage()) {
    return FailedPrecondition(reasons::kSameStage,
                              fmt::format("the opportunity is in {} already", deal.stage()),
                              {{"stage", deal.stage()}});
  }
  if (PipelineOf(stage) != deal.pipeline()) {
    // Not which one it is: whoever moves it need not see that.
    return FailedPrecondition(reasons::kStageOfOtherPipeline,
                              fmt::format("{} is no stage of its pipeline", stage.name()),
                              {{"stage", stage.name()}});
  }
  return absl::OkStatus();
}

// The time asked for, or now. The clocks of two replicas differ a little: a move that follows at
// once is not refused for that.
Instant TimeOf(const v1::Opportunity& deal, const google::protobuf::Timestamp* asked, Instant now) {
  return asked != nullptr ? ToInstant(*asked) : std::max(now, ToInstant(deal.stage_enter_time()));
}

void CheckTime(const v1::Opportunity& deal, const google::protobuf::Timestamp& asked,
               const char* field, Instant now, Violations& violations) {
  const Instant entered = ToInstant(deal.stage_enter_time());
  const Instant time = ToInstant(asked);
  if (time >= entered && time <= now) return;
  // When that was may be hidden from whoever moves it.
  violations.Add(field, reasons::kMoveTimeOutOfRange,
                 "must not lie before stage_enter_time, nor in the future");
}

void CheckCloseAmount(const v1::Opportunity& deal, const google::type::Money& money,
                      Violations& violations) {
  const auto amount = Amount::From(money);
  if (!amount.has_value()) {
    violations.Add("close_amount", reasons::kMoneyInvalid,
                   "units and nanos differ in sign, or nanos reach a whole unit");
  } else if (*amount < Amount() || *amount > Amount::OfUnits(kAmountMax)) {
    violations.Add("close_amount", reasons::kOutOfRange,
                   fmt::format("must lie between 0 and {}", kAmountMax));
  }
  if (!IsCurrencyCode(money.currency_code())) {
    violations.Add("close_amount.currency_code", reasons::kCurrencyInvalid,
                   "is not a currency code of three capital letters (ISO 4217)");
  } else if (deal.has_amount() && money.currency_code() != deal.amount().currency_code()) {
    violations.Add("close_amount.currency_code", reasons::kCurrencyDiffers,
                   "is not the currency of the opportunity's amount");
  }
}

void CheckCloseDate(const v1::Opportunity& deal, const google::type::Date& date, Instant move_time,
                    Violations& violations) {
  const auto day = ToDay(date);
  const Day first = DayOf(ToInstant(deal.open_time()));
  const Day last = DayOf(move_time) + std::chrono::days(1);
  if (day.has_value() && *day >= first && *day <= last) return;
  violations.Add("close_date", reasons::kCloseDateOutOfRange,
                 "The day is one of the calendar, not before the opportunity was opened and at "
                 "most one day after it moved.");
}

// What belongs to a closing is given only for one.
void CheckClosing(const v1::Opportunity& deal, v1::Opportunity::State state,
                  const v1::MoveOpportunityRequest& request, Instant move_time,
                  Violations& violations) {
  if (request.has_close_amount()) {
    if (state != v1::Opportunity::STATE_WON) {
      violations.Add("close_amount", reasons::kOnlyWhenWon, "belongs to a won stage");
    } else {
      CheckCloseAmount(deal, request.close_amount(), violations);
    }
  }
  if (request.has_close_date()) {
    if (state == v1::Opportunity::STATE_OPEN) {
      violations.Add("close_date", reasons::kOnlyWhenClosed, "belongs to a won or lost stage");
    } else {
      CheckCloseDate(deal, request.close_date(), move_time, violations);
    }
  }
  if (!request.lost_reason().empty() && state != v1::Opportunity::STATE_LOST) {
    violations.Add("lost_reason", reasons::kOnlyWhenLost, "belongs to a lost stage");
  }
  if (Utf8Size(request.lost_reason()).value_or(0) > kLostReasonSizeMax) {
    violations.Add("lost_reason", reasons::kTooLong,
                   fmt::format("has more than {} characters", kLostReasonSizeMax));
  }
}

void Close(v1::Opportunity& deal, const v1::MoveOpportunityRequest& request, Instant move_time) {
  *deal.mutable_close_date() =
      request.has_close_date() ? request.close_date() : ToDate(DayOf(move_time));
  if (deal.state() == v1::Opportunity::STATE_LOST) {
    deal.set_lost_reason(request.lost_reason());
  } else if (request.has_close_amount()) {
    *deal.mutable_close_amount() = request.close_amount();
  } else if (deal.has_amount()) {
    *deal.mutable_close_amount() = deal.amount();
  }
}

}  // namespace

std::string PipelineOf(const v1::Stage& stage) { return std::string(ParentOf(stage.name())); }

absl::Status Open(v1::Opportunity& deal, const v1::Stage& stage, Instant now) {
  if (stage.kind() != v1::Stage::KIND_OPEN) {
    return FailedPrecondition(reasons::kStageNotOpen, "an opportunity begins in an open stage",
                              {{"stage", stage.name()}});
  }
  if (!deal.has_open_time()) *deal.mutable_open_time() = ToTimestamp(now);
  if (ToInstant(deal.open_time()) > now) {
    return InvalidArgument("open_time", reasons::kOutOfRange, "must not lie in the future");
  }
  deal.set_pipeline(PipelineOf(stage));
  deal.set_state(v1::Opportunity::STATE_OPEN);
  *deal.mutable_stage_enter_time() = deal.open_time();
  return absl::OkStatus();
}

absl::StatusOr<v1::OpportunityMoved> EnterStage(v1::Opportunity& deal, const v1::Stage& stage,
                                                const v1::MoveOpportunityRequest& request,
                                                Instant now) {
  if (deal.state() != v1::Opportunity::STATE_OPEN) {
    return FailedPrecondition(reasons::kOpportunityClosed,
                              "the opportunity is won or lost; reopen it first");
  }
  LOTURA_RETURN_IF_ERROR(CheckWay(deal, stage));
  const v1::Opportunity::State state = StateIn(stage);
  const Instant move_time =
      TimeOf(deal, request.has_move_time() ? &request.move_time() : nullptr, now);
  Violations violations;
  if (request.has_move_time()) CheckTime(deal, request.move_time(), "move_time", now, violations);
  CheckClosing(deal, state, request, move_time, violations);
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());

  v1::OpportunityMoved moved;
  moved.set_from_stage(deal.stage());
  moved.set_to_stage(stage.name());
  *moved.mutable_from_enter_time() = deal.stage_enter_time();
  *moved.mutable_move_time() = ToTimestamp(move_time);
  moved.set_state(state);
  deal.set_stage(stage.name());
  deal.set_state(state);
  *deal.mutable_stage_enter_time() = moved.move_time();
  if (state != v1::Opportunity::STATE_OPEN) Close(deal, request, move_time);
  return moved;
}

absl::StatusOr<v1::OpportunityReopened> Reopen(v1::Opportunity& deal, const v1::Stage& stage,
                                               const v1::ReopenOpportunityRequest& request,
                                               Instant now) {
  if (deal.state() == v1::Opportunity::STATE_OPEN) {
    return FailedPrecondition(reasons::kOpportunityOpen,
                              "the opportunity is open; move it instead");
  }
  LOTURA_RETURN_IF_ERROR(CheckWay(deal, stage));
  if (stage.kind() != v1::Stage::KIND_OPEN) {
    return FailedPrecondition(reasons::kStageNotOpen, "an opportunity is reopened in an open stage",
                              {{"stage", stage.name()}});
  }
  Violations violations;
  if (request.has_reopen_time())
    CheckTime(deal, request.reopen_time(), "reopen_time", now, violations);
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());

  v1::OpportunityReopened reopened;
  reopened.set_from_stage(deal.stage());
  reopened.set_to_stage(stage.name());
  *reopened.mutable_from_enter_time() = deal.stage_enter_time();
  *reopened.mutable_reopen_time() =
      ToTimestamp(TimeOf(deal, request.has_reopen_time() ? &request.reopen_time() : nullptr, now));
  deal.set_stage(stage.name());
  deal.set_state(v1::Opportunity::STATE_OPEN);
  *deal.mutable_stage_enter_time() = reopened.reopen_time();
  deal.clear_close_amount();
  deal.clear_close_date();
  deal.clear_lost_reason();
  return reopened;
}

void CheckClosed(const v1::Opportunity& deal, Violations& violations) {
  if (!deal.has_amount() || !deal.has_close_amount() ||
      deal.amount().currency_code() == deal.close_amount().currency_code())
    return;
  violations.Add(
      deal.lines().empty() ? "amount.currency_code" : "lines[0].unit_price.currency_code",
      reasons::kCurrencyDiffers, "is not the currency of close_amount");
}

v1::StageChange HistoryOf(const v1::Opportunity& before, const v1::Opportunity& after,
                          std::string actor) {
  const auto span = ToInstant(after.stage_enter_time()) - ToInstant(before.stage_enter_time());
  v1::StageChange change;
  change.set_from_stage(before.stage());
  change.set_to_stage(after.stage());
  *change.mutable_enter_time() = before.stage_enter_time();
  *change.mutable_change_time() = after.stage_enter_time();
  change.set_duration_seconds(std::chrono::floor<std::chrono::seconds>(span).count());
  change.set_actor(std::move(actor));
  return change;
}

}  // namespace lotura::sales::domain
