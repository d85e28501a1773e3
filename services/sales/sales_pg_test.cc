// Rules and verbs of sales, as a write meets them.
#include <map>

#include "libs/base/calendar.h"
#include "lotura/sales/v1/product.pb.h"
#include "services/sales/domain/reasons.h"
#include "services/sales/reopen_opportunity.h"
#include "services/sales/sales_fixture.h"

namespace lotura::sales {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

TEST_F(SalesTest, ProbabilityOfAClosedStageIsCertain) {
  std::map<std::string, int> probabilities;
  const auto stages = *bench_.List<v1::Stage>({.parent = "pipelines/p"});
  for (const v1::Stage& stage : stages)
    probabilities[stage.display_name()] = stage.win_probability();

  EXPECT_EQ(stages.front().display_name(), "lead");
  EXPECT_EQ(probabilities,
            (std::map<std::string, int>{{"lead", 30}, {"offer", 30}, {"won", 100}, {"lost", 0}}));
}

TEST_F(SalesTest, NewOpportunityStandsInItsStageFromItsOpening) {
  v1::Opportunity deal = NewDeal();
  *deal.mutable_open_time() = ToTimestamp(bench_.clock().Now() - hours(48));

  const auto created = bench_.Create(deal, "", "o1");

  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->pipeline(), "pipelines/p");
  EXPECT_EQ(created->state(), v1::Opportunity::STATE_OPEN);
  EXPECT_EQ(created->stage_enter_time().seconds(), deal.open_time().seconds());
  EXPECT_EQ(bench_.Get<v1::Opportunity>("opportunities/o1")->SerializeAsString(),
            created->SerializeAsString());
}

TEST_F(SalesTest, OpportunityCannotBeginWhereThereIsNoStage) {
  v1::Opportunity deal = NewDeal();
  deal.set_stage(StageName("none"));
  EXPECT_THAT(bench_.Create(deal),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kReferenceNotFound));
  deal.set_stage("nonsense");
  EXPECT_THAT(bench_.Create(deal), HasViolation("stage", "NAME_INVALID"));
  deal.set_stage(StageName("won"));
  EXPECT_THAT(bench_.Create(deal),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kStageNotOpen));
  deal.clear_stage();
  EXPECT_THAT(bench_.Create(deal), HasViolation("stage", "REQUIRED"));
}

TEST_F(SalesTest, AmountIsTheSumOfTheLines) {
  v1::Product product;
  product.set_display_name("GTX");
  ASSERT_THAT(bench_.Create(product, "", "gtx"), IsOk());
  v1::Opportunity deal = NewDeal(7);
  auto& line = *deal.add_lines();
  line.set_product("products/gtx");
  line.set_quantity(3);
  *line.mutable_unit_price() = Dollars(550);

  const auto created = bench_.Create(deal);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->amount().units(), 1650);

  line.set_product("products/none");
  EXPECT_THAT(bench_.Create(deal),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kReferenceNotFound));
  line.set_quantity(-1);
  EXPECT_THAT(bench_.Create(deal), HasViolation("lines[0].quantity", reasons::kOutOfRange));
}

TEST_F(SalesTest, RecordsOfOtherServicesMustBeKnown) {
  v1::Opportunity deal = NewDeal();
  deal.set_owner("//directory.lotura/users/anna");
  bench_.foreign_records().missing.insert(deal.owner());

  EXPECT_THAT(bench_.Create(deal),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kReferenceNotFound));
}

TEST_F(SalesTest, MoveChangesTheStageAndKeepsTheHistory) {
  Opened();
  bench_.clock().Advance(hours(5));

  const auto moved = Move(To("offer"));

  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->stage(), StageName("offer"));
  EXPECT_EQ(bench_.Get<v1::Opportunity>("opportunities/o1")->SerializeAsString(),
            moved->SerializeAsString());
  ASSERT_EQ(History().size(), 1);
  const v1::StageChange change = History().front();
  EXPECT_EQ(change.from_stage(), StageName("lead"));
  EXPECT_EQ(change.to_stage(), StageName("offer"));
  EXPECT_EQ(change.duration_seconds(), 5 * 3600);
  EXPECT_EQ(change.actor(), "users/anna");
  EXPECT_THAT(Announced(), ::testing::ElementsAre("lotura.sales.opportunity.created.v1 1",
                                                  "lotura.sales.opportunity.moved.v1 2"));
}

TEST_F(SalesTest, WonOpportunityIsMovedNoMoreUntilItIsReopened) {
  Opened();
  v1::MoveOpportunityRequest win = To("won");
  *win.mutable_close_amount() = Dollars(95);
  ASSERT_THAT(Move(win), IsOk());
  EXPECT_THAT(Move(To("offer")),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kOpportunityClosed));
  v1::ReopenOpportunityRequest reopen;
  reopen.set_name("opportunities/o1");
  reopen.set_stage(StageName("offer"));

  const auto reopened = bench_.Do(ReopenOpportunity, bench_.CallAs(), reopen);

  ASSERT_THAT(reopened, IsOk());
  EXPECT_FALSE(reopened->has_close_amount());
  EXPECT_THAT(bench_.Do(ReopenOpportunity, bench_.CallAs(), reopen),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kOpportunityOpen));
  EXPECT_THAT(Move(To("lost")), IsOk());
  EXPECT_EQ(History().size(), 3);
  EXPECT_EQ(Announced()[2], "lotura.sales.opportunity.reopened.v1 3");
}

TEST_F(SalesTest, WonOpportunityKeepsItsCurrency) {
  v1::Product product;
  product.set_display_name("GTX");
  ASSERT_THAT(bench_.Create(product, "", "gtx"), IsOk());
  Opened();
  v1::Opportunity deal = *Move(To("won"));

  *deal.mutable_amount() = Dollars(100, "EUR");
  EXPECT_THAT(bench_.Save(deal), HasViolation("amount.currency_code", reasons::kCurrencyDiffers));
  auto& line = *deal.add_lines();
  line.set_product("products/gtx");
  line.set_quantity(1);
  *line.mutable_unit_price() = Dollars(100, "EUR");
  EXPECT_THAT(bench_.Save(deal),
              HasViolation("lines[0].unit_price.currency_code", reasons::kCurrencyDiffers));
  *line.mutable_unit_price() = Dollars(120);
  EXPECT_THAT(bench_.Save(deal), IsOk());
}

TEST_F(SalesTest, OnlyAnImporterSaysWhenSomethingMoved) {
  Opened();
  bench_.clock().Advance(hours(5));
  v1::MoveOpportunityRequest request = To("offer");
  *request.mutable_move_time() = ToTimestamp(bench_.clock().Now() - hours(2));

  EXPECT_THAT(Move(request, {"sales.opportunities.write"}),
              StatusIs(StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
  const auto moved = Move(request, {"sales.opportunities.write", "sales.opportunities.setTimes"});

  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(History().front().duration_seconds(), 3 * 3600);
}

TEST_F(SalesTest, MoveNamesWhatIsWrong) {
  const v1::Opportunity deal = Opened();
  v1::MoveOpportunityRequest stale = To("offer");
  stale.set_etag("\"v9\"");
  v1::MoveOpportunityRequest nowhere = To("offer");
  nowhere.set_name("opportunities/none");
  v1::MoveOpportunityRequest no_stage = To("offer");
  no_stage.clear_stage();

  EXPECT_THAT(Move(stale), StatusIs(StatusCode::kAborted, "STALE_ETAG"));
  EXPECT_THAT(Move(nowhere), StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
  EXPECT_THAT(Move(no_stage), HasViolation("stage", reasons::kRequired));
  no_stage.set_stage("nonsense");
  EXPECT_THAT(Move(no_stage), HasViolation("stage", reasons::kNameInvalid));
  EXPECT_THAT(Move(To("none")),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kReferenceNotFound));
  ASSERT_THAT(bench_.Delete<v1::Opportunity>(deal.name()), IsOk());
  EXPECT_THAT(Move(To("offer")), StatusIs(StatusCode::kFailedPrecondition, "DELETED"));
}

TEST_F(SalesTest, ValidateOnlyMovesNothing) {
  Opened();
  v1::MoveOpportunityRequest request = To("offer");
  request.set_validate_only(true);

  const auto moved = Move(request);

  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->stage(), StageName("offer"));
  EXPECT_EQ(bench_.Get<v1::Opportunity>("opportunities/o1")->stage(), StageName("lead"));
  EXPECT_TRUE(History().empty());
}

TEST_F(SalesTest, RepeatedMoveIsDoneOnce) {
  Opened();
  v1::MoveOpportunityRequest request = To("offer");
  request.set_request_id("6c1a5f6e-8f0e-4d6c-9d7e-3f0b8f1f2a10");
  const auto first = Move(request);
  bench_.clock().Advance(hours(1));

  const auto second = Move(request);

  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(History().size(), 1);
}

TEST_F(SalesTest, NothingComesIntoADeletedStage) {
  Opened();
  ASSERT_THAT(bench_.Delete<v1::Stage>(StageName("offer")), IsOk());

  EXPECT_THAT(Move(To("offer")),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kReferenceNotFound));
  v1::Opportunity deal = NewDeal();
  deal.set_stage(StageName("offer"));
  EXPECT_THAT(bench_.Create(deal),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kReferenceNotFound));
}

TEST_F(SalesTest, NoWorkBeginsInADeletedPipelineButItCanEnd) {
  Opened();
  ASSERT_THAT(bench_.Delete<v1::Pipeline>("pipelines/p"), IsOk());

  EXPECT_THAT(bench_.Create(NewDeal()),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kPipelineDeleted));
  EXPECT_THAT(Move(To("offer")),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kPipelineDeleted));
  ASSERT_THAT(Move(To("lost")), IsOk());
  v1::ReopenOpportunityRequest reopen;
  reopen.set_name("opportunities/o1");
  reopen.set_stage(StageName("offer"));
  EXPECT_THAT(bench_.Do(ReopenOpportunity, bench_.CallAs(), reopen),
              StatusIs(StatusCode::kFailedPrecondition, reasons::kPipelineDeleted));
}

TEST_F(SalesTest, OpportunityLeavesADeletedStage) {
  Opened();
  ASSERT_THAT(bench_.Delete<v1::Stage>(StageName("lead")), IsOk());

  EXPECT_THAT(Move(To("offer")), IsOk());
}

}  // namespace
}  // namespace lotura::sales
