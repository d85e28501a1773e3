// Reports over a few opportunities, whatever way their events came.
#include <algorithm>

#include "libs/base/calendar.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "services/analytics/domain/reasons.h"
#include "services/analytics/test_reports.h"

namespace lotura::analytics {
namespace {

using sales::v1::Opportunity;
using sales::v1::Stage;
using std::chrono::hours;
using std::chrono::sys_days;
using std::chrono::year;
using testing::HasViolation;
using testing::StatusIs;

const Instant kStart = sys_days(year(2017) / 1 / 10);

Stage MakeStage(const char* id, int position, Stage::Kind kind) {
  Stage stage;
  stage.set_name(std::string("pipelines/p/stages/") + id);
  stage.set_display_name(id);
  stage.set_position(position);
  stage.set_kind(kind);
  return stage;
}

class SmallReportTest : public ReportTest {
 protected:
  SmallReportTest() {
    for (const Stage& stage :
         {MakeStage("lead", 1, Stage::KIND_OPEN), MakeStage("offer", 2, Stage::KIND_OPEN),
          MakeStage("won", 3, Stage::KIND_WON), MakeStage("lost", 4, Stage::KIND_LOST)}) {
      events_.Put("sales", stage);
    }
  }

  Opportunity Open(const char* id, std::int64_t amount, const char* owner = "") {
    Opportunity deal = OpportunityIn("lead", id, amount, kStart);
    deal.set_owner(owner);
    events_.Put("sales", deal);
    return deal;
  }

  void Move(Opportunity& deal, const char* stage, std::chrono::hours after) {
    const std::string id(stage);
    deal.set_stage("pipelines/p/stages/" + id);
    *deal.mutable_stage_enter_time() = ToTimestamp(ToInstant(deal.stage_enter_time()) + after);
    deal.set_state(id == "won"    ? Opportunity::STATE_WON
                   : id == "lost" ? Opportunity::STATE_LOST
                                  : Opportunity::STATE_OPEN);
    deal.clear_close_date();
    deal.clear_close_amount();
    if (id == "won") *deal.mutable_close_amount() = deal.amount();
    if (deal.state() != Opportunity::STATE_OPEN)
      *deal.mutable_close_date() = ToDate(DayOf(ToInstant(deal.stage_enter_time())));
    events_.Put("sales", deal);
  }

  // Three deals: one won after a reopening, one lost, one in its first stage.
  void ThreeDeals() {
    Opportunity won = Open("a", 100);
    Move(won, "offer", hours(10));
    Move(won, "lost", hours(1));
    Move(won, "offer", hours(5));
    Move(won, "won", hours(30));
    Opportunity lost = Open("b", 50);
    Move(lost, "offer", hours(20));
    Move(lost, "lost", hours(2));
    Open("c", 7);
  }

  static v1::FunnelRow RowOf(const v1::QueryFunnelResponse& funnel, std::string_view stage) {
    for (const v1::FunnelRow& row : funnel.rows()) {
      if (row.stage_display_name() == stage) return row;
    }
    ADD_FAILURE() << "no row for " << stage;
    return {};
  }

  void EmptyTables() {
    ASSERT_THAT(database_.Write(
                    Soon(),
                    [](pg::Tx& tx) {
                      tx.RunScript("TRUNCATE opportunity_fact, stage_entry_fact, stage_dimension");
                      return absl::OkStatus();
                    }),
                testing::IsOk());
  }

  absl::Status Refused(const v1::QueryRevenueRequest& request) {
    return QueryRevenue(CallOf(TenantOf(1)), request, context_).status();
  }

  testing::TestEvents events_{TenantOf(1)};
};

TEST_F(SmallReportTest, FunnelCountsEachOpportunityOncePerStage) {
  ThreeDeals();
  ProjectAll(events_.all());

  const auto funnel = Funnel();

  ASSERT_EQ(funnel.rows_size(), 4);
  const v1::FunnelRow lead = RowOf(funnel, "lead");
  EXPECT_EQ(lead.entered_count(), 3);
  EXPECT_EQ(lead.left_count(), 2);
  EXPECT_EQ(lead.current_count(), 1);
  EXPECT_EQ(lead.won_count(), 1);
  EXPECT_EQ(lead.lost_count(), 1);
  EXPECT_EQ(lead.median_duration().seconds(), 15 * 3600);
  EXPECT_EQ(lead.values(0).units(), 7);
  const v1::FunnelRow offer = RowOf(funnel, "offer");
  EXPECT_EQ(offer.entered_count(), 2);
  EXPECT_EQ(offer.left_count(), 2);
  EXPECT_EQ(offer.current_count(), 0);
  EXPECT_EQ(offer.median_duration().seconds(), 2 * 3600);
  EXPECT_EQ(RowOf(funnel, "won").values(0).units(), 100);
  EXPECT_EQ(RowOf(funnel, "won").stage_kind(), Stage::KIND_WON);
  EXPECT_EQ(RowOf(funnel, "lost").entered_count(), 2);
  EXPECT_EQ(RowOf(funnel, "lost").current_count(), 1);
  EXPECT_EQ(RowOf(funnel, "lost").values_size(), 0);
}

TEST_F(SmallReportTest, WhatAFailoverLostCountsNoMore) {
  Opportunity deal = Open("a", 100);
  const events::Event opened = events_.all().back();
  Move(deal, "offer", hours(10));
  Move(deal, "won", hours(10));
  std::vector<events::Event> all = events_.all();
  ProjectAll(all);
  ASSERT_EQ(RowOf(Funnel(), "offer").entered_count(), 1);

  // Its second version was lost with the third, and is another one now.
  Move(deal, "lost", hours(1));
  all.push_back(events_.all().back());
  all.back().change.set_epoch(2);
  all.back().change.set_version(2);
  *all.back().change.mutable_before() = opened.change.after();
  ProjectAll(std::vector{all.back()});
  const std::string funnel = Funnel().SerializeAsString();

  EXPECT_EQ(RowOf(Funnel(), "offer").entered_count(), 0);
  EXPECT_EQ(RowOf(Funnel(), "won").entered_count(), 0);
  EXPECT_EQ(RowOf(Funnel(), "lost").entered_count(), 1);
  EXPECT_EQ(RowOf(Funnel(), "lead").lost_count(), 1);

  // The same if all of it comes at once.
  EmptyTables();
  ProjectAll(all);
  EXPECT_EQ(Funnel().SerializeAsString(), funnel);
}

TEST_F(SmallReportTest, ReportsAreTheSameHoweverEventsArrive) {
  ThreeDeals();
  ProjectAll(events_.all());
  const std::string expected = Funnel().SerializeAsString();

  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    EmptyTables();
    ProjectAll(events_.Shuffled(random), 1 + random() % 7);
    EXPECT_EQ(Funnel().SerializeAsString(), expected) << "seed " << seed;
  }

  ProjectAll(events_.all());
  EXPECT_EQ(Funnel().SerializeAsString(), expected) << "after a replay";
}

TEST_F(SmallReportTest, DeletedOpportunityCountsAgainOnceItIsUndeleted) {
  Opportunity deal = Open("a", 100);
  Move(deal, "won", hours(1));
  *deal.mutable_delete_time() = ToTimestamp(kStart + hours(2));
  events_.Put("sales", deal);
  ProjectAll(events_.all());
  EXPECT_EQ(RowOf(Funnel(), "won").entered_count(), 0);
  EXPECT_EQ(Revenue().rows_size(), 0);

  deal.clear_delete_time();
  events_.Put("sales", deal);
  ProjectAll(events_.all());
  EXPECT_EQ(RowOf(Funnel(), "won").entered_count(), 1);
  EXPECT_EQ(Revenue().rows(0).won_count(), 1);
}

TEST_F(SmallReportTest, DeletedStageIsShownWhileOpportunitiesHaveBeenThere) {
  Stage stage = MakeStage("lead", 1, Stage::KIND_OPEN);
  *stage.mutable_delete_time() = ToTimestamp(kStart);
  events_.Put("sales", stage);
  ProjectAll(events_.all());
  EXPECT_EQ(Funnel().rows_size(), 3);

  Open("a", 100);
  ProjectAll(events_.all());

  EXPECT_EQ(Funnel().rows_size(), 4);
}

TEST_F(SmallReportTest, RevenueOfSeveralProductsIsDividedAmongThem) {
  Opportunity deal = Open("a", 400);
  for (const auto& [product, price] :
       std::vector<std::pair<const char*, int>>{{"products/x", 300}, {"products/y", 100}}) {
    auto& line = *deal.add_lines();
    line.set_product(product);
    line.set_quantity(1);
    *line.mutable_unit_price() = Dollars(price);
  }
  Move(deal, "won", hours(1));
  sales::v1::Product product;
  product.set_name("products/x");
  product.set_display_name("GTX");
  events_.Put("sales", product);
  ProjectAll(events_.all());

  v1::QueryRevenueRequest request;
  request.add_group_by(v1::DIMENSION_PRODUCT);
  const auto revenue = Revenue(request);

  ASSERT_EQ(revenue.rows_size(), 2);
  EXPECT_EQ(revenue.rows(0).groups(0).value(), "//sales.lotura/products/x");
  EXPECT_EQ(revenue.rows(0).groups(0).display_name(), "GTX");
  EXPECT_EQ(revenue.rows(0).revenue(0).units(), 300);
  EXPECT_EQ(revenue.rows(0).won_count(), 1);
  EXPECT_EQ(revenue.rows(1).revenue(0).units(), 100);
  EXPECT_EQ(Revenue().rows(0).revenue(0).units(), 400);
}

TEST_F(SmallReportTest, GroupsAndFiltersFollowWhatIsKnownOfOwnersNow) {
  Opportunity first = Open("a", 10, "//directory.lotura/users/anna");
  Move(first, "won", hours(1));
  Opportunity second = Open("b", 20, "//directory.lotura/users/ben");
  Move(second, "won", hours(1));
  directory::v1::User user;
  user.set_name("users/anna");
  user.set_display_name("Anna");
  user.set_team("teams/t");
  events_.Put("directory", user);
  directory::v1::Team team;
  team.set_name("teams/t");
  team.set_region("Central");
  events_.Put("directory", team);
  ProjectAll(events_.all());

  v1::QueryRevenueRequest by_region;
  by_region.add_group_by(v1::DIMENSION_REGION);
  by_region.add_group_by(v1::DIMENSION_MONTH);
  const auto regions = Revenue(by_region);
  v1::QueryRevenueRequest anna;
  auto& filter = *anna.add_filters();
  filter.set_dimension(v1::DIMENSION_OWNER);
  filter.add_values("//directory.lotura/users/anna");

  ASSERT_EQ(regions.rows_size(), 2);
  EXPECT_EQ(regions.rows(0).groups(0).value(), "");
  EXPECT_EQ(regions.rows(0).revenue(0).units(), 20);
  EXPECT_EQ(regions.rows(1).groups(0).value(), "Central");
  EXPECT_EQ(regions.rows(1).groups(1).value(), "2017-01");
  EXPECT_EQ(Revenue(anna).rows(0).revenue(0).units(), 10);
}

TEST_F(SmallReportTest, PeriodIsHalfOpen) {
  Opportunity deal = Open("a", 10);
  Move(deal, "won", hours(1));
  ProjectAll(events_.all());
  const Day day = DayOf(kStart);
  v1::QueryRevenueRequest request;
  *request.mutable_start_date() = ToDate(day);
  *request.mutable_end_date() = ToDate(day + std::chrono::days(1));
  EXPECT_EQ(Revenue(request).rows_size(), 1);

  *request.mutable_end_date() = ToDate(day);
  EXPECT_EQ(Revenue(request).rows_size(), 0);
}

TEST_F(SmallReportTest, CurrenciesAreNotAddedUp) {
  Opportunity dollars = Open("a", 10);
  Move(dollars, "won", hours(1));
  Opportunity euros = Open("b", 20);
  euros.mutable_amount()->set_currency_code("EUR");
  Move(euros, "won", hours(1));
  ProjectAll(events_.all());

  const auto revenue = Revenue();

  ASSERT_EQ(revenue.rows_size(), 1);
  EXPECT_EQ(revenue.rows(0).won_count(), 2);
  ASSERT_EQ(revenue.rows(0).revenue_size(), 2);
  EXPECT_EQ(revenue.rows(0).revenue(0).currency_code(), "EUR");
  EXPECT_EQ(RowOf(Funnel(), "won").values_size(), 2);
}

TEST_F(SmallReportTest, AnotherTenantSeesNothing) {
  ThreeDeals();
  ProjectAll(events_.all());

  EXPECT_EQ(Funnel({}, 2).rows_size(), 0);
  EXPECT_EQ(Revenue({}, 2).rows_size(), 0);
}

TEST_F(SmallReportTest, EveryWrongFieldOfARequestIsNamed) {
  v1::QueryRevenueRequest request;
  request.mutable_start_date()->set_year(2017);
  request.add_group_by(v1::DIMENSION_MONTH);
  request.add_group_by(v1::DIMENSION_MONTH);
  request.add_group_by(v1::DIMENSION_UNSPECIFIED);
  request.add_filters()->set_dimension(v1::DIMENSION_TEAM);
  request.add_filters();

  const absl::Status status = QueryRevenue(CallOf(TenantOf(1)), request, context_).status();

  EXPECT_THAT(status, HasViolation("start_date", reasons::kDateInvalid));
  EXPECT_THAT(status, HasViolation("group_by[1]", reasons::kReportDimensions));
  EXPECT_THAT(status, HasViolation("group_by[2]", reasons::kReportDimensions));
  EXPECT_THAT(status, HasViolation("filters[0].values", reasons::kRequired));
  EXPECT_THAT(status, HasViolation("filters[1].dimension", reasons::kReportDimensions));
  EXPECT_THAT(QueryFunnel(CallOf(TenantOf(1)), {}, context_),
              HasViolation("pipeline", reasons::kRequired));
}

TEST_F(SmallReportTest, SizesAreCheckedBeforeItems) {
  v1::QueryRevenueRequest request;
  for (int i = 0; i < 1'000'000; ++i) request.add_group_by(static_cast<v1::Dimension>(1000 + i));
  for (int i = 0; i < 8; ++i) request.add_filters();
  const absl::Status status = Refused(request);
  EXPECT_THAT(status, HasViolation("group_by", reasons::kReportDimensions));
  EXPECT_THAT(status, HasViolation("filters", reasons::kTooMany));
  EXPECT_EQ(ViolationsOf(status).size(), 2);

  request.Clear();
  auto& filter = *request.add_filters();
  filter.set_dimension(v1::DIMENSION_OWNER);
  for (int i = 0; i <= 100; ++i) filter.add_values("x");
  const absl::Status values = Refused(request);
  EXPECT_THAT(values, HasViolation("filters[0].values", reasons::kTooMany));
  EXPECT_EQ(ViolationsOf(values).size(), 1);
}

TEST_F(SmallReportTest, NameThatNoRecordCanHaveIsRefused) {
  v1::QueryFunnelRequest funnel;
  for (const char* pipeline : {"pipelines/p", "//sales.lotura/pipelines/p/stages/s",
                               "//sales.lotura/stages/p", "//sales.lotura/pipelines/"}) {
    funnel.set_pipeline(pipeline);
    EXPECT_THAT(QueryFunnel(CallOf(TenantOf(1)), funnel, context_),
                HasViolation("pipeline", reasons::kRecordName))
        << pipeline;
  }
  for (const auto dimension : {v1::DIMENSION_OWNER, v1::DIMENSION_TEAM, v1::DIMENSION_PRODUCT}) {
    v1::QueryRevenueRequest revenue;
    auto& filter = *revenue.add_filters();
    filter.set_dimension(dimension);
    filter.add_values("");
    filter.add_values("anna");
    EXPECT_THAT(Refused(revenue), HasViolation("filters[0].values[1]", reasons::kRecordName));
  }
}

TEST_F(SmallReportTest, NulIsRefusedBeforeItReachesTheDatabase) {
  const std::string nul("//sales.lotura/pipelines/p\0x", 28);
  v1::QueryRevenueRequest request;
  request.set_pipeline(nul);
  auto& filter = *request.add_filters();
  filter.set_dimension(v1::DIMENSION_REGION);
  filter.add_values("Central");
  filter.add_values(nul);

  const absl::Status status = Refused(request);

  EXPECT_THAT(status, HasViolation("pipeline", reasons::kNulCharacter));
  EXPECT_THAT(status, HasViolation("filters[0].values[1]", reasons::kNulCharacter));
}

TEST_F(SmallReportTest, SumThatNoAmountHoldsIsRefused) {
  for (const char* id : {"a", "b"}) {
    Opportunity deal = Open(id, 9'000'000'000'000'000'000);
    Move(deal, "won", hours(1));
  }
  ProjectAll(events_.all());
  v1::QueryFunnelRequest funnel;
  funnel.set_pipeline(kPipeline);

  EXPECT_THAT(Refused({}),
              StatusIs(absl::StatusCode::kFailedPrecondition, reasons::kReportSumTooLarge));
  EXPECT_THAT(QueryFunnel(CallOf(TenantOf(1)), funnel, context_),
              StatusIs(absl::StatusCode::kFailedPrecondition, reasons::kReportSumTooLarge));
}

}  // namespace
}  // namespace lotura::analytics
