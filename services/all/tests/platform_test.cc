// What a write in one service becomes in the others, over Kafka, also when the process is killed on
// the way.
#include "services/all/tests/platform.h"

#include <gmock/gmock.h>

#include "libs/base/calendar.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/accounts/v1/organization_service.pb.h"
#include "lotura/analytics/v1/report.pb.h"
#include "lotura/communications/v1/activity.pb.h"
#include "lotura/communications/v1/timeline.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/sales/v1/opportunity_service.pb.h"
#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/stage.pb.h"

namespace lotura {
namespace {

using sales::v1::Opportunity;
using sales::v1::Stage;
using Entry = communications::v1::TimelineEntry;

constexpr char kAcme[] = "//accounts.lotura/organizations/acme";
const Instant kOpened = Day(std::chrono::year(2017) / 1 / 10);

google::type::Money Dollars(std::int64_t units) {
  google::type::Money money;
  money.set_currency_code("USD");
  money.set_units(units);
  return money;
}

class ServicesTogetherTest : public PlatformTest {
 protected:
  void CreatePeopleAndOrganization() {
    directory::v1::CreateTeamRequest team;
    team.set_team_id("central");
    team.mutable_team()->set_display_name("Dustin's team");
    team.mutable_team()->set_region("Central");
    Call<directory::v1::Team>("directory.v1.TeamService/CreateTeam", team);
    directory::v1::CreateUserRequest user;
    user.set_user_id("anna");
    user.mutable_user()->set_display_name("Anna Snelling");
    user.mutable_user()->set_team("teams/central");
    Call<directory::v1::User>("directory.v1.UserService/CreateUser", user);
    accounts::v1::CreateOrganizationRequest organization;
    organization.set_organization_id("acme");
    organization.mutable_organization()->set_display_name("Acme");
    Call<accounts::v1::Organization>("accounts.v1.OrganizationService/CreateOrganization",
                                     organization);
  }

  void CreatePipeline() {
    sales::v1::CreatePipelineRequest pipeline;
    pipeline.set_pipeline_id("p");
    pipeline.mutable_pipeline()->set_display_name("Standard");
    Call<sales::v1::Pipeline>("sales.v1.PipelineService/CreatePipeline", pipeline);
    sales::v1::BatchCreateStagesRequest stages;
    stages.set_parent("pipelines/p");
    for (const auto& [id, kind] :
         std::vector<std::pair<const char*, Stage::Kind>>{{"prospecting", Stage::KIND_OPEN},
                                                          {"engaging", Stage::KIND_OPEN},
                                                          {"won", Stage::KIND_WON},
                                                          {"lost", Stage::KIND_LOST}}) {
      auto& request = *stages.add_requests();
      request.set_parent("pipelines/p");
      request.set_stage_id(id);
      request.mutable_stage()->set_display_name(id);
      request.mutable_stage()->set_position(stages.requests_size());
      request.mutable_stage()->set_kind(kind);
    }
    Call<sales::v1::BatchCreateStagesResponse>("sales.v1.StageService/BatchCreateStages", stages);
  }

  void CreateOpportunity(const std::string& id) {
    sales::v1::CreateOpportunityRequest request;
    request.set_opportunity_id(id);
    Opportunity& deal = *request.mutable_opportunity();
    deal.set_display_name("Computers");
    deal.set_stage("pipelines/p/stages/prospecting");
    deal.set_organization(kAcme);
    deal.set_owner("//directory.lotura/users/anna");
    *deal.mutable_amount() = Dollars(1096);
    *deal.mutable_open_time() = ToTimestamp(kOpened);
    Call<Opportunity>("sales.v1.OpportunityService/CreateOpportunity", request);
  }

  void Move(const std::string& id, const std::string& stage, std::chrono::hours after) {
    sales::v1::MoveOpportunityRequest request;
    request.set_name("opportunities/" + id);
    request.set_stage("pipelines/p/stages/" + stage);
    *request.mutable_move_time() = ToTimestamp(kOpened + after);
    if (stage == "won") *request.mutable_close_amount() = Dollars(1054);
    Call<Opportunity>("sales.v1.OpportunityService/MoveOpportunity", request);
  }

  void WinOpportunity(const std::string& id) {
    CreateOpportunity(id);
    Move(id, "engaging", std::chrono::hours(24));
    Move(id, "won", std::chrono::hours(72));
  }

  // Stages of the funnel, each as "engaging 1 entered, 1 left, 0 there".
  std::vector<std::string> Funnel() {
    analytics::v1::QueryFunnelRequest request;
    request.set_pipeline("//sales.lotura/pipelines/p");
    const auto funnel = CallOnce<analytics::v1::QueryFunnelResponse>(
        "analytics.v1.ReportService/QueryFunnel", request);
    std::vector<std::string> rows;
    if (!funnel.ok()) return rows;
    for (const auto& row : (*funnel)->rows()) {
      rows.push_back(fmt::format("{} {} entered, {} left, {} there", row.stage_display_name(),
                                 row.entered_count(), row.left_count(), row.current_count()));
    }
    return rows;
  }

  bool FunnelBecomes(const std::vector<std::string>& expected) {
    return testing::Eventually([&] { return Funnel() == expected; }, kEventBound);
  }

  // The whole timeline of the organization, in pages of two.
  std::vector<Entry> Timeline() {
    communications::v1::ListTimelineRequest request;
    request.set_record(kAcme);
    request.set_page_size(2);
    std::vector<Entry> entries;
    do {
      const auto page = CallOnce<communications::v1::ListTimelineResponse>(
          "communications.v1.TimelineService/ListTimeline", request);
      if (!page.ok()) return {};
      entries.insert(entries.end(), (*page)->entries().begin(), (*page)->entries().end());
      request.set_page_token((*page)->next_page_token());
    } while (!request.page_token().empty());
    return entries;
  }
};

TEST_F(ServicesTogetherTest, WriteIsOnTimelinesAndInReportsOfOtherServices) {
  CreatePeopleAndOrganization();
  CreatePipeline();
  WinOpportunity("o1");
  communications::v1::CreateActivityRequest activity;
  activity.mutable_activity()->set_kind(communications::v1::Activity::KIND_CALL);
  activity.mutable_activity()->set_subject("Talked");
  activity.mutable_activity()->add_regarding(kAcme);
  Call<communications::v1::Activity>("communications.v1.ActivityService/CreateActivity", activity);

  EXPECT_TRUE(testing::Eventually([&] { return Timeline().size() == 5; }, kEventBound));
  std::vector<int> kinds;
  for (const Entry& entry : Timeline()) kinds.push_back(entry.kind());
  EXPECT_THAT(kinds, ::testing::UnorderedElementsAre(Entry::KIND_CALL, Entry::KIND_CREATED,
                                                     Entry::KIND_MOVED, Entry::KIND_MOVED,
                                                     Entry::KIND_CREATED));
  EXPECT_EQ(kinds.back(), Entry::KIND_CREATED)
      << "the opportunity was opened years before all else";
  EXPECT_TRUE(FunnelBecomes({"prospecting 1 entered, 1 left, 0 there",
                             "engaging 1 entered, 1 left, 0 there",
                             "won 1 entered, 0 left, 1 there", "lost 0 entered, 0 left, 0 there"}))
      << ::testing::PrintToString(Funnel());
  analytics::v1::QueryRevenueRequest by_region;
  by_region.add_group_by(analytics::v1::DIMENSION_REGION);
  const auto regional = [&] {
    const auto revenue = CallOnce<analytics::v1::QueryRevenueResponse>(
        "analytics.v1.ReportService/QueryRevenue", by_region);
    return revenue.ok() && (*revenue)->rows_size() == 1 &&
           (*revenue)->rows(0).groups(0).value() == "Central" &&
           (*revenue)->rows(0).revenue(0).units() == 1054;
  };
  EXPECT_TRUE(testing::Eventually(regional, kEventBound));
  EXPECT_EQ(Stop(), 0);
}

TEST_F(ServicesTogetherTest, NothingIsLostOrCountedTwiceWhenTheProcessIsKilled) {
  CreatePeopleAndOrganization();
  CreatePipeline();
  for (int i = 1; i <= 12; ++i) {
    WinOpportunity("o" + std::to_string(i));
    if (i % 4 != 0) continue;
    Kill();
    Start();
  }

  EXPECT_TRUE(FunnelBecomes(
      {"prospecting 12 entered, 12 left, 0 there", "engaging 12 entered, 12 left, 0 there",
       "won 12 entered, 0 left, 12 there", "lost 0 entered, 0 left, 0 there"}))
      << ::testing::PrintToString(Funnel());
  EXPECT_TRUE(testing::Eventually([&] { return Timeline().size() == 1 + 12 * 3; }, kEventBound))
      << Timeline().size();
  std::set<std::string> ids;
  for (const Entry& entry : Timeline())
    EXPECT_TRUE(ids.insert(entry.entry_id()).second) << entry.entry_id();
}

}  // namespace
}  // namespace lotura
