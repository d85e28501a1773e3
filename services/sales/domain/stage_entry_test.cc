#include "services/sales/domain/stage_entry.h"

#include <gmock/gmock.h>

#include <limits>

#include "libs/base/calendar.h"
#include "libs/testing/status_matchers.h"
#include "services/sales/domain/reasons.h"

namespace lotura::sales::domain {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::sys_days;
using std::chrono::year;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

const Instant kOpened = sys_days(year(2017) / 1 / 10);
const Instant kNow = sys_days(year(2017) / 3 / 1) + hours(15);

v1::Stage Stage(const char* id, v1::Stage::Kind kind) {
  v1::Stage stage;
  stage.set_name(std::string("pipelines/p1/stages/") + id);
  stage.set_kind(kind);
  return stage;
}

const v1::Stage kFirst = Stage("prospecting", v1::Stage::KIND_OPEN);
const v1::Stage kSecond = Stage("engaging", v1::Stage::KIND_OPEN);
const v1::Stage kWon = Stage("won", v1::Stage::KIND_WON);
const v1::Stage kLost = Stage("lost", v1::Stage::KIND_LOST);

google::type::Money Dollars(std::int64_t units, const char* currency = "USD") {
  google::type::Money money;
  money.set_currency_code(currency);
  money.set_units(units);
  return money;
}

v1::Opportunity OpenDeal() {
  v1::Opportunity deal;
  deal.set_name("opportunities/o1");
  deal.set_stage(kFirst.name());
  *deal.mutable_open_time() = ToTimestamp(kOpened);
  *deal.mutable_amount() = Dollars(1096);
  EXPECT_THAT(Open(deal, kFirst, kNow), IsOk());
  return deal;
}

v1::Opportunity ClosedDeal(const v1::Stage& stage) {
  v1::Opportunity deal = OpenDeal();
  v1::MoveOpportunityRequest request;
  if (stage.kind() == v1::Stage::KIND_LOST) request.set_lost_reason("too dear");
  EXPECT_THAT(EnterStage(deal, stage, request, kNow), IsOk());
  return deal;
}

TEST(OpenTest, StartsInItsStageAtTheTimeOfOpening) {
  const v1::Opportunity deal = OpenDeal();

  EXPECT_EQ(deal.pipeline(), "pipelines/p1");
  EXPECT_EQ(deal.state(), v1::Opportunity::STATE_OPEN);
  EXPECT_EQ(ToInstant(deal.stage_enter_time()), kOpened);
}

TEST(OpenTest, WithoutATimeItIsOpenedNow) {
  v1::Opportunity deal;

  ASSERT_THAT(Open(deal, kFirst, kNow), IsOk());

  EXPECT_EQ(ToInstant(deal.open_time()), kNow);
}

TEST(OpenTest, CannotStartInAClosedStageOrInTheFuture) {
  v1::Opportunity deal;
  EXPECT_THAT(Open(deal, kWon, kNow),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kStageNotOpen));

  *deal.mutable_open_time() = ToTimestamp(kNow + hours(1));
  EXPECT_THAT(Open(deal, kFirst, kNow), HasViolation("open_time", reasons::kOutOfRange));
}

TEST(MoveTest, GoesToTheStageAtTheTimeGiven) {
  v1::Opportunity deal = OpenDeal();
  v1::MoveOpportunityRequest request;
  *request.mutable_move_time() = ToTimestamp(kOpened + hours(5));

  const auto moved = EnterStage(deal, kSecond, request, kNow);

  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(deal.stage(), kSecond.name());
  EXPECT_EQ(deal.state(), v1::Opportunity::STATE_OPEN);
  EXPECT_EQ(ToInstant(deal.stage_enter_time()), kOpened + hours(5));
  EXPECT_EQ(moved->from_stage(), kFirst.name());
  EXPECT_EQ(ToInstant(moved->from_enter_time()), kOpened);
  EXPECT_FALSE(deal.has_close_date());
}

TEST(MoveTest, WinningTakesTheAmountAndTheDay) {
  const v1::Opportunity deal = ClosedDeal(kWon);

  EXPECT_EQ(deal.state(), v1::Opportunity::STATE_WON);
  EXPECT_EQ(deal.close_amount().units(), 1096);
  EXPECT_EQ(ToDay(deal.close_date()), DayOf(kNow));
}

TEST(MoveTest, WinningTakesTheCloseAmountAndDayThatAreGiven) {
  v1::Opportunity deal = OpenDeal();
  v1::MoveOpportunityRequest request;
  *request.mutable_close_amount() = Dollars(1054);
  *request.mutable_close_date() = ToDate(sys_days(year(2017) / 2 / 20));

  ASSERT_THAT(EnterStage(deal, kWon, request, kNow), IsOk());

  EXPECT_EQ(deal.close_amount().units(), 1054);
  EXPECT_EQ(deal.amount().units(), 1096);
  EXPECT_EQ(deal.close_date().day(), 20);
}

TEST(MoveTest, LosingKeepsTheReasonAndNoCloseAmount) {
  const v1::Opportunity deal = ClosedDeal(kLost);

  EXPECT_EQ(deal.state(), v1::Opportunity::STATE_LOST);
  EXPECT_EQ(deal.lost_reason(), "too dear");
  EXPECT_FALSE(deal.has_close_amount());
}

TEST(MoveTest, CannotMoveAfterItIsClosed) {
  v1::Opportunity deal = ClosedDeal(kWon);

  EXPECT_THAT(EnterStage(deal, kSecond, {}, kNow),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kOpportunityClosed));
}

TEST(MoveTest, CannotMoveToWhereItIsOrToAnotherPipeline) {
  v1::Opportunity deal = OpenDeal();
  v1::Stage other = kSecond;
  other.set_name("pipelines/p2/stages/engaging");

  EXPECT_THAT(EnterStage(deal, kFirst, {}, kNow),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kSameStage));
  EXPECT_THAT(EnterStage(deal, other, {}, kNow),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kStageOfOtherPipeline));
  EXPECT_EQ(deal.stage(), kFirst.name());
}

TEST(MoveTest, TimeBeforeTheStageOrInTheFutureIsRefused) {
  v1::Opportunity deal = OpenDeal();
  v1::MoveOpportunityRequest request;

  *request.mutable_move_time() = ToTimestamp(kOpened - hours(1));
  EXPECT_THAT(EnterStage(deal, kSecond, request, kNow),
              HasViolation("move_time", reasons::kMoveTimeOutOfRange));
  request.mutable_move_time()->set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(EnterStage(deal, kSecond, request, kNow),
              HasViolation("move_time", reasons::kMoveTimeOutOfRange));
}

TEST(MoveTest, ClockThatIsBehindTheLastMoveDoesNotRefuseTheNext) {
  v1::Opportunity deal = OpenDeal();
  *deal.mutable_stage_enter_time() = ToTimestamp(kNow + std::chrono::milliseconds(3));

  ASSERT_THAT(EnterStage(deal, kSecond, {}, kNow), IsOk());

  EXPECT_EQ(ToInstant(deal.stage_enter_time()), kNow + std::chrono::milliseconds(3));
}

TEST(MoveTest, WhatBelongsToAClosingIsRefusedWithoutOne) {
  v1::Opportunity deal = OpenDeal();
  v1::MoveOpportunityRequest request;
  *request.mutable_close_amount() = Dollars(1);
  *request.mutable_close_date() = ToDate(DayOf(kNow));
  request.set_lost_reason("none");

  const absl::Status open = EnterStage(deal, kSecond, request, kNow).status();
  const absl::Status won = EnterStage(deal, kWon, request, kNow).status();

  EXPECT_THAT(open, HasViolation("close_amount", reasons::kOnlyWhenWon));
  EXPECT_THAT(open, HasViolation("close_date", reasons::kOnlyWhenClosed));
  EXPECT_THAT(open, HasViolation("lost_reason", reasons::kOnlyWhenLost));
  EXPECT_THAT(won, HasViolation("lost_reason", reasons::kOnlyWhenLost));
  EXPECT_EQ(deal.stage(), kFirst.name());
}

TEST(MoveTest, WrongCloseAmountOrDateIsRefused) {
  v1::Opportunity deal = OpenDeal();
  v1::MoveOpportunityRequest request;
  *request.mutable_close_amount() = Dollars(-1, "EUR");
  *request.mutable_close_date() = ToDate(DayOf(kOpened) - std::chrono::days(1));

  const absl::Status status = EnterStage(deal, kWon, request, kNow).status();

  EXPECT_THAT(status, HasViolation("close_amount", reasons::kOutOfRange));
  EXPECT_THAT(status, HasViolation("close_amount.currency_code", reasons::kCurrencyDiffers));
  EXPECT_THAT(status, HasViolation("close_date", reasons::kCloseDateOutOfRange));
}

TEST(MoveTest, CloseAmountHasTheRangeOfAnAmount) {
  v1::Opportunity deal = OpenDeal();
  v1::MoveOpportunityRequest request;
  *request.mutable_close_amount() = Dollars(1'000'000'000'000'001);

  EXPECT_THAT(EnterStage(deal, kWon, request, kNow),
              HasViolation("close_amount", reasons::kOutOfRange));
  *request.mutable_close_amount() = Dollars(1'000'000'000'000'000);
  EXPECT_THAT(EnterStage(deal, kWon, request, kNow), IsOk());
}

TEST(ReopenTest, GoesOnInTheStageAndForgetsTheClosing) {
  v1::Opportunity deal = ClosedDeal(kLost);

  const auto reopened = Reopen(deal, kSecond, {}, kNow + hours(1));

  ASSERT_THAT(reopened, IsOk());
  EXPECT_EQ(reopened->from_stage(), kLost.name());
  EXPECT_EQ(deal.state(), v1::Opportunity::STATE_OPEN);
  EXPECT_EQ(deal.stage(), kSecond.name());
  EXPECT_EQ(deal.lost_reason(), "");
  EXPECT_FALSE(deal.has_close_date());
  EXPECT_EQ(ToInstant(deal.stage_enter_time()), kNow + hours(1));
}

TEST(ReopenTest, OnlyAClosedOneAndOnlyInAnOpenStage) {
  v1::Opportunity open = OpenDeal();
  v1::Opportunity won = ClosedDeal(kWon);

  EXPECT_THAT(Reopen(open, kSecond, {}, kNow),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kOpportunityOpen));
  EXPECT_THAT(Reopen(won, kLost, {}, kNow),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kStageNotOpen));
}

TEST(HistoryTest, TellsWhereAndHowLong) {
  const v1::Opportunity before = OpenDeal();
  const v1::Opportunity after = ClosedDeal(kWon);

  const v1::StageChange change = HistoryOf(before, after, "users/anna");

  EXPECT_EQ(change.from_stage(), kFirst.name());
  EXPECT_EQ(change.to_stage(), kWon.name());
  EXPECT_EQ(ToInstant(change.enter_time()), kOpened);
  EXPECT_EQ(change.duration_seconds(), 50 * 86400 + 15 * 3600);
  EXPECT_EQ(change.actor(), "users/anna");
}

}  // namespace
}  // namespace lotura::sales::domain
