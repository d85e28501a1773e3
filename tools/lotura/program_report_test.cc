// Reports and timelines, as the program shows them.
#include <gmock/gmock.h>

#include "lotura/analytics/v1/report.pb.h"
#include "lotura/communications/v1/timeline.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "tools/lotura/program_fixture.h"

namespace lotura::cli {
namespace {

using ::testing::HasSubstr;

using ProgramReportTest = ProgramTest;

google::type::Money Dollars(std::int64_t units) {
  google::type::Money money;
  money.set_units(units);
  money.set_currency_code("USD");
  return money;
}

TEST_F(ProgramReportTest, TheFunnelIsAChartOfItsStages) {
  analytics::v1::QueryFunnelResponse funnel;
  auto* first = funnel.add_rows();
  first->set_stage_display_name("Prospecting");
  first->set_entered_count(8800);
  first->set_left_count(8300);
  first->set_current_count(500);
  first->mutable_median_duration()->set_seconds(std::int64_t{45} * 86400);
  auto* won = funnel.add_rows();
  won->set_stage_display_name("Won");
  won->set_entered_count(4400);
  *won->add_values() = Dollars(10005534);
  services_.answers["QueryFunnel"] = std::make_shared<analytics::v1::QueryFunnelResponse>(funnel);

  EXPECT_EQ(Run({"funnel", "--pipeline", "pipelines/b2b", "--where", "region=West,East"}), 0)
      << err_.str();

  EXPECT_EQ(services_.requests.back(),
            "QueryFunnel pipeline: \"//sales.lotura/pipelines/b2b\" filters { dimension: "
            "DIMENSION_REGION values: \"West\" values: \"East\" }");
  EXPECT_EQ(out_.str(),
            "stage                                  entered   left  now  won  lost  median time    "
            "   value now\n"
            "Prospecting  ████████████████████████    8,800  8,300  500    0     0         45 d\n"
            "Won          ████████████                4,400      0    0    0     0               "
            "10,005,534 USD\n");
}

TEST_F(ProgramReportTest, ShortNamesInAReportAreCompleted) {
  services_.answers["QueryRevenue"] = std::make_shared<analytics::v1::QueryRevenueResponse>();

  EXPECT_EQ(Run({"revenue", "--pipeline", "b2b", "--where", "team=west,teams/east", "--where",
                 "product=//sales.lotura/products/gtx", "--where", "sector=medical"}),
            0)
      << err_.str();

  EXPECT_EQ(services_.requests.back(),
            "QueryRevenue pipeline: \"//sales.lotura/pipelines/b2b\" filters { dimension: "
            "DIMENSION_TEAM values: \"//directory.lotura/teams/west\" values: "
            "\"//directory.lotura/teams/east\" } filters { dimension: DIMENSION_PRODUCT values: "
            "\"//sales.lotura/products/gtx\" } filters { dimension: DIMENSION_SECTOR values: "
            "\"medical\" }");
}

TEST_F(ProgramReportTest, WithoutAPipelineTheOnlyOneIsMeant) {
  services_.answers["QueryFunnel"] = std::make_shared<analytics::v1::QueryFunnelResponse>();
  EXPECT_EQ(Run({"funnel"}), 2) << "there is none yet";
  Run({"create", "pipelines", "--id", "b2b", "--set", "display_name=B2B"});

  EXPECT_EQ(Run({"funnel", "--group-by", "month,region"}), 0) << err_.str();

  EXPECT_THAT(services_.requests.back(), HasSubstr("//sales.lotura/pipelines/b2b"));
  EXPECT_THAT(services_.requests.back(), HasSubstr("group_by: DIMENSION_MONTH group_by: "));
}

TEST_F(ProgramReportTest, RevenueIsATableByGroups) {
  analytics::v1::QueryRevenueResponse revenue;
  auto* row = revenue.add_rows();
  row->add_groups()->set_value("West");
  row->set_won_count(1438);
  *row->add_revenue() = Dollars(3568647);
  revenue.add_rows()->add_groups();
  services_.answers["QueryRevenue"] =
      std::make_shared<analytics::v1::QueryRevenueResponse>(revenue);

  EXPECT_EQ(Run({"revenue", "--group-by", "region"}), 0) << err_.str();

  EXPECT_EQ(out_.str(),
            "region    won        revenue\n"
            "West    1,438  3,568,647 USD  ████████████████████████\n"
            "(none)      0\n");
}

TEST_F(ProgramReportTest, TheTimelineSaysWhatHappened) {
  communications::v1::ListTimelineResponse timeline;
  auto* entry = timeline.add_entries();
  entry->set_kind(communications::v1::TimelineEntry::KIND_MOVED);
  entry->mutable_time()->set_seconds(1488326400);
  entry->set_source("//sales.lotura/opportunities/o-1");
  entry->set_actor("users/anna");
  sales::v1::OpportunityMoved moved;
  moved.set_from_stage("pipelines/b2b/stages/engaging");
  moved.set_to_stage("pipelines/b2b/stages/won");
  entry->mutable_detail()->PackFrom(moved);
  services_.answers["ListTimeline"] =
      std::make_shared<communications::v1::ListTimelineResponse>(timeline);

  EXPECT_EQ(Run({"timeline", "organizations/acme", "--kind", "moved,created"}), 0) << err_.str();

  EXPECT_THAT(services_.requests.back(), HasSubstr("//accounts.lotura/organizations/acme"));
  EXPECT_THAT(out_.str(), HasSubstr("2017-03-01  moved  engaging to won"));
}

TEST_F(ProgramReportTest, ATimelineOfSeveralPagesIsOneTableAndTellsOfMore) {
  communications::v1::ListTimelineResponse timeline;
  for (int i = 0; i < 150; ++i) timeline.add_entries()->set_source("//sales.lotura/products/p");
  timeline.set_next_page_token("next");
  services_.answers["ListTimeline"] =
      std::make_shared<communications::v1::ListTimelineResponse>(timeline);

  EXPECT_EQ(Run({"timeline", "organizations/acme", "--limit", "300"}), 0) << err_.str();

  const std::string shown = out_.str();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 301) << "one header for all";
  EXPECT_THAT(err_.str(), HasSubstr("there are more; --limit 0 shows all of them"));
}

}  // namespace
}  // namespace lotura::cli
