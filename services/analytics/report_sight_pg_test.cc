// For whom opportunities count in reports.
#include "libs/base/calendar.h"
#include "libs/resource/testdata/fixed_rights.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "services/analytics/test_reports.h"

namespace lotura::analytics {
namespace {

using resource::Access;
using resource::FieldAccess;
using resource::Given;
using sales::v1::Opportunity;
using testing::IsOk;
using testing::StatusIs;

constexpr char kAnna[] = "//directory.lotura/users/anna";
constexpr char kBen[] = "//directory.lotura/users/ben";
constexpr char kOwn[] = R"(owner = "//directory.lotura/users/anna")";
constexpr char kDeals[] = "sales.lotura/Opportunity";

const Given kStages = {Access::kRead, "", {}, "sales.lotura/Stage"};
const Given kUsers = {Access::kRead, "", {}, "directory.lotura/User"};
const Given kOwnDeals = {Access::kRead, kOwn, {}, kDeals};

std::map<std::string, FieldAccess> Shown(std::initializer_list<const char*> fields) {
  std::map<std::string, FieldAccess> shown;
  for (const char* field : fields) shown[field] = FieldAccess::kRead;
  return shown;
}

class ReportSightTest : public ReportTest {
 protected:
  void SetUp() override {
    sales::v1::Stage stage;
    stage.set_name("pipelines/p/stages/won");
    stage.set_display_name("won");
    stage.set_kind(sales::v1::Stage::KIND_WON);
    events_.Put("sales", stage);
    directory::v1::User anna;
    anna.set_name("users/anna");
    anna.set_display_name("Anna");
    events_.Put("directory", anna);
    Win("a", kAnna, 100);
    Win("b", kBen, 30);
    Win("c", kBen, 4);
    ProjectAll(events_.all());
  }

  void Win(const char* id, const char* owner, std::int64_t amount) {
    Opportunity deal = OpportunityIn("won", id, amount, day_);
    deal.set_owner(owner);
    deal.set_state(Opportunity::STATE_WON);
    *deal.mutable_close_amount() = deal.amount();
    *deal.mutable_close_date() = ToDate(day_);
    events_.Put("sales", deal);
  }

  Call CallWith(const std::vector<Given>& rights, const std::vector<std::string>& permissions) {
    Call call = CallOf(TenantOf(1));
    call.principal.permissions = permissions;
    call.principal.grounds = Grounds::kDirectory;
    call.principal.rights = std::make_shared<resource::FixedRights>(rights);
    return call;
  }

  absl::StatusOr<v1::QueryRevenueResponse> RevenueAs(const std::vector<Given>& rights,
                                                     const v1::QueryRevenueRequest& request = {},
                                                     const std::vector<std::string>& permissions = {
                                                         "*"}) {
    return QueryRevenue(CallWith(rights, permissions), request, context_);
  }

  absl::StatusOr<v1::QueryFunnelResponse> FunnelAs(const std::vector<Given>& rights,
                                                   const v1::QueryFunnelRequest& asked = {},
                                                   const std::vector<std::string>& permissions = {
                                                       "*"}) {
    v1::QueryFunnelRequest request = asked;
    request.set_pipeline(kPipeline);
    return QueryFunnel(CallWith(rights, permissions), request, context_);
  }

  // Of all that a report counts for him.
  std::int64_t Revenue(const std::vector<Given>& rights) {
    const auto report = RevenueAs(rights);
    EXPECT_THAT(report, IsOk());
    if (!report.ok() || report->rows().empty()) return 0;
    return report->rows(0).revenue(0).units();
  }

  const Day day_ = Day(std::chrono::year(2017) / 3 / 1);
  testing::TestEvents events_{TenantOf(1)};
};

TEST_F(ReportSightTest, ReportCountsWhatTheCallerMayRead) {
  EXPECT_EQ(Revenue({kOwnDeals}), 100);
  EXPECT_EQ(Revenue({{Access::kRead, "amount.units < 50", {}, kDeals}}), 34);
  EXPECT_EQ(Revenue({{Access::kRead, "", {}, kDeals}}), 134);
  EXPECT_EQ(Revenue({}), 0);

  const auto funnel = FunnelAs({kOwnDeals, kStages});
  ASSERT_THAT(funnel, IsOk());
  ASSERT_EQ(funnel->rows_size(), 1);
  EXPECT_EQ(funnel->rows(0).current_count(), 1);
  EXPECT_EQ(funnel->rows(0).entered_count(), 1);
  EXPECT_EQ(funnel->rows(0).values(0).units(), 100);
}

TEST_F(ReportSightTest, WhoseAnOpportunityIsNowDecides) {
  Win("b", kAnna, 30);
  ProjectAll(events_.all());

  EXPECT_EQ(Revenue({kOwnDeals}), 130);
}

TEST_F(ReportSightTest, OpportunityCountsOnlyWithAllThatTheReportTells) {
  const auto fields = Shown({"pipeline", "state", "close_date", "close_amount"});
  std::vector<Given> rights = {{Access::kRead, kOwn, fields, kDeals},
                               {Access::kRead, "", Shown({"pipeline", "state"}), kDeals}};
  EXPECT_EQ(Revenue(rights), 100) << "others' amounts are hidden";

  v1::QueryRevenueRequest request;
  request.add_group_by(v1::DIMENSION_OWNER);
  rights.push_back(kUsers);
  EXPECT_THAT(RevenueAs(rights, request),
              StatusIs(absl::StatusCode::kPermissionDenied, "NEEDS_ALL_RECORDS"))
      << "of none the owner is shown";
  EXPECT_THAT(RevenueAs({{Access::kRead, "", Shown({"pipeline", "state"}), kDeals}}),
              StatusIs(absl::StatusCode::kPermissionDenied, "NEEDS_ALL_RECORDS"));
}

TEST_F(ReportSightTest, FilterTellsAsMuchAsAGroup) {
  const auto fields = Shown({"pipeline", "state", "close_date", "close_amount"});
  v1::QueryRevenueRequest request;
  v1::DimensionFilter& filter = *request.add_filters();
  filter.set_dimension(v1::DIMENSION_OWNER);
  filter.add_values(kBen);

  EXPECT_THAT(RevenueAs({{Access::kRead, "", fields, kDeals}, kUsers}, request),
              StatusIs(absl::StatusCode::kPermissionDenied, "NEEDS_ALL_RECORDS"));
  EXPECT_EQ(RevenueAs({{Access::kRead, "", {}, kDeals}, kUsers}, request)->rows(0).won_count(), 2);
  EXPECT_TRUE(RevenueAs({kOwnDeals, kUsers}, request)->rows().empty());
}

TEST_F(ReportSightTest, WhatIsToldOfEveryRecordMustBeReadOfEveryRecord) {
  v1::QueryRevenueRequest request;
  request.add_group_by(v1::DIMENSION_OWNER);
  const auto denied = StatusIs(absl::StatusCode::kPermissionDenied, "NEEDS_ALL_RECORDS");

  EXPECT_THAT(RevenueAs({kOwnDeals}, request), denied);
  EXPECT_THAT(
      RevenueAs({kOwnDeals, {Access::kRead, "team = \"teams/t\"", {}, kUsers.type}}, request),
      denied);
  EXPECT_THAT(RevenueAs({kOwnDeals, {Access::kRead, "", Shown({"team"}), kUsers.type}}, request),
              denied);
  const auto report = RevenueAs({kOwnDeals, kUsers}, request);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->rows(0).groups(0).display_name(), "Anna");

  request.set_group_by(0, v1::DIMENSION_REGION);
  EXPECT_THAT(RevenueAs({kOwnDeals, kUsers}, request), denied) << "of a team";
  EXPECT_THAT(FunnelAs({kOwnDeals}), denied) << "of stages";
}

TEST_F(ReportSightTest, ReadingATypeTakesItsPermission) {
  const auto denied = StatusIs(absl::StatusCode::kPermissionDenied, "NEEDS_ALL_RECORDS");

  EXPECT_THAT(RevenueAs({kOwnDeals}, {}, {"analytics.*"}), denied);
  EXPECT_THAT(RevenueAs({kOwnDeals}, {}, {"analytics.*", "sales.opportunities.read"}), IsOk());
  EXPECT_THAT(FunnelAs({kOwnDeals, kStages}, {}, {"analytics.*", "sales.opportunities.read"}),
              denied);
}

}  // namespace
}  // namespace lotura::analytics
