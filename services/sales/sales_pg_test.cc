// Rules and verbs of sales, as a write meets them.
#include <map>

#include "libs/base/calendar.h"
#include "libs/testing/service_bench.h"
#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/price.pb.h"
#include "lotura/sales/v1/price_list.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "lotura/sales/v1/stage_change.pb.h"
#include "services/sales/app.h"
#include "services/sales/domain/reasons.h"
#include "services/sales/move_opportunity.h"
#include "services/sales/reopen_opportunity.h"

namespace lotura::sales {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

google::type::Money Dollars(std::int64_t units, const char* currency = "USD") {
  google::type::Money money;
  money.set_currency_code(currency);
  money.set_units(units);
  return money;
}

std::string StageName(const std::string& id) { return "pipelines/p/stages/" + id; }

class SalesTest : public ::testing::Test {
 protected:
  SalesTest() {
    v1::Pipeline pipeline;
    pipeline.set_display_name("Standard");
    EXPECT_THAT(bench_.Create(pipeline, "", "p"), IsOk());
    int position = 0;
    for (const auto& [id, kind] :
         std::vector<std::pair<const char*, v1::Stage::Kind>>{{"lead", v1::Stage::KIND_OPEN},
                                                              {"offer", v1::Stage::KIND_OPEN},
                                                              {"won", v1::Stage::KIND_WON},
                                                              {"lost", v1::Stage::KIND_LOST}}) {
      v1::Stage stage;
      stage.set_display_name(id);
      stage.set_position(++position);
      stage.set_kind(kind);
      stage.set_win_probability(30);
      EXPECT_THAT(bench_.Create(stage, "pipelines/p", id), IsOk());
    }
  }

  static v1::Opportunity NewDeal(std::int64_t amount = 100) {
    v1::Opportunity deal;
    deal.set_display_name("Acme: computers");
    deal.set_stage(StageName("lead"));
    *deal.mutable_amount() = Dollars(amount);
    return deal;
  }

  v1::Opportunity Opened() { return *bench_.Create(NewDeal(), "", "o1"); }

  absl::StatusOr<v1::Opportunity> Move(const v1::MoveOpportunityRequest& request,
                                       std::vector<std::string> permissions = {"*"}) {
    return bench_.Do(MoveOpportunity, bench_.CallAs(std::move(permissions)), request);
  }

  static v1::MoveOpportunityRequest To(const char* stage) {
    v1::MoveOpportunityRequest request;
    request.set_name("opportunities/o1");
    request.set_stage(StageName(stage));
    return request;
  }

  std::vector<v1::StageChange> History() {
    return bench_.List<v1::StageChange>({.parent = "opportunities/o1"})
        .value_or(std::vector<v1::StageChange>());
  }

  // Type and version of each journal entry of the opportunity.
  std::vector<std::string> Announced() {
    std::vector<std::string> found;
    EXPECT_THAT(bench_.writes().Write(Deadline::After(std::chrono::seconds(10)),
                                      [&](pg::Tx& tx) {
                                        const pg::Rows rows = tx.RunScript(
                                            "SELECT type || ' ' || version FROM journal WHERE name "
                                            "= 'opportunities/o1' ORDER BY version");
                                        for (std::size_t i = 0; i < rows.size(); ++i)
                                          found.push_back(rows.String(i, 0));
                                        return absl::OkStatus();
                                      }),
                IsOk());
    return found;
  }

  testing::ServiceBench bench_{Spec()};
};

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

TEST_F(SalesTest, PricesHaveTheCurrencyOfTheirList) {
  v1::Product product;
  product.set_display_name("GTX");
  ASSERT_THAT(bench_.Create(product, "", "gtx"), IsOk());
  v1::PriceList list;
  list.set_display_name("Europe");
  list.set_currency_code("EUR");
  ASSERT_THAT(bench_.Create(list, "", "europe"), IsOk());
  v1::Price price;
  price.set_product("products/gtx");
  *price.mutable_unit_price() = Dollars(500);

  EXPECT_THAT(bench_.Create(price, "priceLists/europe"),
              HasViolation("unit_price.currency_code", reasons::kCurrencyDiffers));
  *price.mutable_unit_price() = Dollars(500, "EUR");
  EXPECT_THAT(bench_.Create(price, "priceLists/europe"), IsOk());
  list.set_currency_code("euro");
  EXPECT_THAT(bench_.Create(list), HasViolation("currency_code", reasons::kCurrencyInvalid));
}

TEST_F(SalesTest, ListsUnderOneParentHaveItsRecordsAndNoOthers) {
  v1::Pipeline neighbor;
  neighbor.set_display_name("Neighbor in the order of names");
  ASSERT_THAT(bench_.Create(neighbor, "", "p-2"), IsOk());
  v1::Stage stage;
  stage.set_display_name("lead");
  stage.set_position(1);
  stage.set_kind(v1::Stage::KIND_OPEN);
  ASSERT_THAT(bench_.Create(stage, "pipelines/p-2", "lead"), IsOk());
  const std::vector<std::string> by_name = {StageName("lead"), StageName("lost"),
                                            StageName("offer"), StageName("won")};
  const std::vector<std::string> by_position = {StageName("lead"), StageName("offer"),
                                                StageName("won"), StageName("lost")};

  EXPECT_EQ(*bench_.NamesOnPages<v1::Stage>(
                {.parent = "pipelines/p", .order_by = "name", .page_size = 1}),
            by_name);
  EXPECT_EQ(*bench_.NamesOnPages<v1::Stage>(
                {.parent = "pipelines/p", .order_by = "position", .page_size = 3}),
            by_position);
  EXPECT_EQ(bench_.NamesOnPages<v1::Stage>({.parent = "pipelines/-", .page_size = 2})->size(), 5);
}

TEST_F(SalesTest, PricesOfAProductAreListedUnderOneListAndOverAll) {
  for (const char* id : {"gtx", "rtx"}) {
    v1::Product product;
    product.set_display_name(id);
    ASSERT_THAT(bench_.Create(product, "", id), IsOk());
  }
  for (const char* list_id : {"asia", "europe"}) {
    v1::PriceList list;
    list.set_display_name(list_id);
    list.set_currency_code("USD");
    ASSERT_THAT(bench_.Create(list, "", list_id), IsOk());
    for (const char* id : {"a", "b", "c"}) {
      v1::Price price;
      price.set_product(std::string(id) == "b" ? "products/rtx" : "products/gtx");
      *price.mutable_unit_price() = Dollars(500);
      ASSERT_THAT(bench_.Create(price, std::string("priceLists/") + list_id, id), IsOk());
    }
  }
  const std::string filter = "product = \"products/gtx\"";
  const std::vector<std::string> everywhere = {
      "priceLists/asia/prices/a", "priceLists/asia/prices/c", "priceLists/europe/prices/a",
      "priceLists/europe/prices/c"};

  EXPECT_EQ(
      *bench_.NamesOnPages<v1::Price>({.parent = "priceLists/-", .filter = filter, .page_size = 1}),
      everywhere);
  EXPECT_EQ(*bench_.NamesOnPages<v1::Price>(
                {.parent = "priceLists/asia", .filter = filter, .page_size = 1}),
            std::vector(everywhere.begin(), everywhere.begin() + 2));
}

}  // namespace
}  // namespace lotura::sales
