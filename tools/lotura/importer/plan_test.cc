#include "tools/lotura/importer/plan.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/accounts/v1/organization_service.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/sales/v1/opportunity_service.pb.h"
#include "tools/lotura/importer/mapping_fixture.h"

namespace lotura::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlanTest : public MappingFixture {
 protected:
  StepPlan Plan(const Mapping& mapping, const std::string& step) {
    return PlanStep(mapping, *mapping.FindStep(step), slugs_, index_);
  }

  static std::vector<std::string> Reasons(const StepPlan& plan) {
    std::vector<std::string> reasons;
    for (const Rejection& rejection : plan.rejections) reasons.push_back(rejection.reason);
    return reasons;
  }

  const SlugMaker slugs_;
  RecordIndex index_;
};

constexpr char kOrganizations[] = R"(
mapping: test
files: {accounts: {path: accounts.csv}}
maps: {countries: {United States: US}}
steps:
  - step: organizations
    file: accounts
    create: organizations
    key: "{account}"
    fields:
      display_name: "{account}"
      founded_year: "{year}"
      annual_revenue: {column: revenue, scale: 1000000, currency: USD}
      country_code: {column: country, map: countries}
      parent_organization: {column: parent, record_of: organizations}
)";

TEST_F(PlanTest, ARowBecomesARequestWithTypedFields) {
  Write("accounts.csv",
        "account,year,revenue,country,parent\nGekko & Co,1990,2520.83,United States,\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kOrganizations));

  const StepPlan plan = Plan(mapping, "organizations");

  ASSERT_EQ(plan.rows.size(), 1u);
  accounts::v1::CreateOrganizationRequest request;
  request.CopyFrom(*plan.rows[0].request);
  EXPECT_EQ(plan.rows[0].name, "organizations/gekko-co");
  EXPECT_EQ(request.organization_id(), "gekko-co");
  EXPECT_EQ(request.organization().display_name(), "Gekko & Co");
  EXPECT_EQ(request.organization().founded_year(), 1990);
  EXPECT_EQ(request.organization().annual_revenue().units(), 2'520'830'000);
  EXPECT_EQ(request.organization().country_code(), "US");
  EXPECT_EQ(request.organization().parent_organization(), "");
}

TEST_F(PlanTest, EveryRowIsEitherPlannedOrRejectedWithItsReason) {
  Write("accounts.csv",
        "account,year,revenue,country,parent\n"
        "Acme,1990,1,United States,\n"
        "Acme,1990,1,United States,\n"
        "ACME,1990,1,United States,\n"
        "\"\",1990,1,United States,\n"
        "1st,1990,1,United States,\n"
        "Beta,19x0,1,United States,\n"
        "Gamma,1990,one,United States,\n"
        "Delta,1990,1,Atlantis,\n"
        "Echo,1990,1,United States,Nobody\n"
        "Fox,1990,1\n"
        "Golf,1990,1,United States,Delta\n"
        "\xFF,1990,1,United States,\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kOrganizations));

  const StepPlan plan = Plan(mapping, "organizations");

  EXPECT_EQ(plan.rows_total, 12u);
  EXPECT_EQ(plan.rows.size(), 1u);
  EXPECT_THAT(Reasons(plan),
              ::testing::UnorderedElementsAre("KEY_TAKEN", "ID_TAKEN", "KEY_EMPTY", "ID_INVALID",
                                              "VALUE_MALFORMED", "NUMBER_MALFORMED",
                                              "VALUE_NOT_MAPPED", "RECORD_UNKNOWN", "COLUMN_COUNT",
                                              "RECORD_REJECTED", "TEXT_INVALID"));
}

TEST_F(PlanTest, ADuplicateDoesNotSpoilTheFirstRow) {
  Write("accounts.csv",
        "account,year,revenue,country,parent\nAcme,1990,1,,\nAcme,1991,1,,\nSub,1992,1,,Acme\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kOrganizations));

  const StepPlan plan = Plan(mapping, "organizations");

  EXPECT_EQ(plan.rows.size(), 2u);
  EXPECT_THAT(Reasons(plan), ElementsAre("KEY_TAKEN"));
}

TEST_F(PlanTest, SubsidiariesComeInAWaveAfterTheirParents) {
  Write("accounts.csv",
        "account,year,revenue,country,parent\n"
        "Grandchild,1990,1,,Child\nChild,1990,1,,Top\nTop,1990,1,,\n"
        "Egg,1990,1,,Hen\nHen,1990,1,,Egg\nSelf,1990,1,,Self\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kOrganizations));

  const StepPlan plan = Plan(mapping, "organizations");

  ASSERT_EQ(plan.rows.size(), 3u);
  EXPECT_EQ(plan.waves, 3u);
  EXPECT_EQ(plan.rows[0].key, "Top");
  EXPECT_EQ(plan.rows[1].key, "Child");
  EXPECT_EQ(plan.rows[2].key, "Grandchild");
  EXPECT_EQ(plan.rows[2].wave, 2u);
  EXPECT_THAT(Reasons(plan), ElementsAre("REFERENCE_CYCLE", "REFERENCE_CYCLE", "REFERENCE_CYCLE"));
}

constexpr char kDeals[] = R"(
mapping: test
files: {deals: {path: deals.csv}}
steps:
  - step: organizations
    file: deals
    distinct: account
    when: {real: "yes"}
    create: organizations
    key: "{account}"
    fields: {display_name: "{account}"}
  - step: deals
    file: deals
    create: opportunities
    key: "{id}"
    id: "o-{id}"
    fields:
      display_name: {first_of: ["{product} for {account}", "{product}"]}
      organization: {column: account, record_of: organizations, otherwise: empty}
      lines: {quantity: "{count}"}
  - step: won
    file: deals
    when: {stage: [Won]}
    call: MoveOpportunity
    record: deals
    key: "{id}"
    fields:
      stage: pipelines/p1/stages/won
      move_time: {column: closed, date: M/D/YYYY, when_empty: reject}
      close_amount: {column: value, currency: USD}
)";

TEST_F(PlanTest, ReferencesIntoOtherServicesAreFullNames) {
  Write("deals.csv",
        "id,account,real,product,stage,closed,value,count\n"
        "a,Acme,yes,GTX,Won,3/1/2017,1054,1\nb,Ghost,no,GTX,Open,,,\nc,,no,GTX,Open,,,\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kDeals));

  const StepPlan organizations = Plan(mapping, "organizations");
  const StepPlan deals = Plan(mapping, "deals");

  EXPECT_EQ(organizations.left_out, 2u);
  ASSERT_EQ(deals.rows.size(), 3u);
  sales::v1::CreateOpportunityRequest first;
  sales::v1::CreateOpportunityRequest third;
  first.CopyFrom(*deals.rows[0].request);
  third.CopyFrom(*deals.rows[2].request);
  EXPECT_EQ(first.opportunity().organization(), "//accounts.lotura/organizations/acme");
  EXPECT_EQ(first.opportunity().display_name(), "GTX for Acme");
  EXPECT_EQ(first.opportunity().lines_size(), 1);
  EXPECT_EQ(third.opportunity().organization(), "");
  EXPECT_EQ(third.opportunity().display_name(), "GTX");
  EXPECT_EQ(third.opportunity().lines_size(), 0) << "a message of which nothing is known";
}

TEST_F(PlanTest, ACallNamesTheRecordThatItsRowMade) {
  Write("deals.csv",
        "id,account,real,product,stage,closed,value,count\n"
        "a,Acme,yes,GTX,Won,3/1/2017,1054,1\nb,,no,GTX,Open,,,\nc,,no,GTX,Won,,7,\n"
        "d,,no,,Won,3/1/2017,x,\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kDeals));
  Plan(mapping, "organizations");
  Plan(mapping, "deals");

  const StepPlan plan = Plan(mapping, "won");

  EXPECT_EQ(plan.left_out, 1u);
  ASSERT_EQ(plan.rows.size(), 1u);
  sales::v1::MoveOpportunityRequest request;
  request.CopyFrom(*plan.rows[0].request);
  EXPECT_EQ(request.name(), "opportunities/o-a");
  EXPECT_EQ(request.close_amount().units(), 1054);
  EXPECT_EQ(request.move_time().seconds(), 1488326400);
  EXPECT_THAT(Reasons(plan), ElementsAre("VALUE_EMPTY", "NUMBER_MALFORMED"));
}

TEST_F(PlanTest, ARecordWhoseEarlierStepWasRejectedIsLeftAlone) {
  Write("deals.csv",
        "id,account,real,product,stage,closed,value,count\na,Acme,yes,GTX,Won,3/1/2017,1,x\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kDeals));
  Plan(mapping, "organizations");
  const StepPlan deals = Plan(mapping, "deals");

  const StepPlan won = Plan(mapping, "won");

  EXPECT_THAT(Reasons(deals), ElementsAre("VALUE_MALFORMED"));
  EXPECT_THAT(Reasons(won), ElementsAre("EARLIER_STEP_REJECTED"));
  EXPECT_THAT(won.rejections[0].message, HasSubstr("deals.csv:2 was rejected (VALUE_MALFORMED)"));
}

TEST_F(PlanTest, AnUpdateNamesItsFieldsInTheMask) {
  Write("staff.csv", "manager,team\nDustin,Central\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {staff: {path: staff.csv}}
steps:
  - {step: managers, file: staff, create: users, key: "{manager}", fields: {display_name: "{manager}"}}
  - {step: titles, file: staff, update: managers, key: "{manager}", fields: {job_title: "Head of {team}"}}
)"));
  Plan(mapping, "managers");

  const StepPlan plan = Plan(mapping, "titles");

  ASSERT_EQ(plan.rows.size(), 1u);
  directory::v1::UpdateUserRequest request;
  request.CopyFrom(*plan.rows[0].request);
  EXPECT_EQ(request.user().name(), "users/dustin");
  EXPECT_EQ(request.user().job_title(), "Head of Central");
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("job_title"));
}

TEST_F(PlanTest, ARowWithoutAProperParentIsRejectedAlone) {
  Write("stages.csv",
        "pipeline,stage\npipelines/p1,New\nstages/x,Odd\n,Lone\npipelines/,Bare\n"
        "pipelines/p1/stages/s,Deep\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {stages: {path: stages.csv}}
steps:
  - step: stages
    file: stages
    create: stages
    parent: "{pipeline}"
    key: "{stage}"
    fields: {display_name: "{stage}"}
)"));

  const StepPlan plan = Plan(mapping, "stages");

  ASSERT_EQ(plan.rows.size(), 1u);
  EXPECT_EQ(plan.rows[0].name, "pipelines/p1/stages/new");
  EXPECT_THAT(Reasons(plan),
              ElementsAre("PARENT_INVALID", "PARENT_INVALID", "PARENT_INVALID", "PARENT_INVALID"));
}

constexpr char kAccountsOfDeals[] = R"(
mapping: test
files: {deals: {path: deals.csv}}
steps:
  - step: organizations
    file: deals
    distinct: account
    create: organizations
    key: "{account}"
    fields: {display_name: "{account}", founded_year: "{year}"}
)";

TEST_F(PlanTest, EachRowWithoutADistinctValueIsRejectedForItsEmptyKey) {
  Write("deals.csv", "account,year\nAcme,1990\n\"\",1990\n\"\",1991\n\" \",1992\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kAccountsOfDeals));

  const StepPlan plan = Plan(mapping, "organizations");

  EXPECT_EQ(plan.left_out, 0u);
  EXPECT_THAT(Reasons(plan), ElementsAre("KEY_EMPTY", "KEY_EMPTY", "KEY_EMPTY"));
}

TEST_F(PlanTest, SpaceAroundAValueMakesItNoOtherOne) {
  Write("deals.csv", "account,year\nAcme,1990\nAcme ,1990\n Acme,1990\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kAccountsOfDeals));

  const StepPlan plan = Plan(mapping, "organizations");

  EXPECT_EQ(plan.left_out, 2u);
  EXPECT_THAT(Reasons(plan), ElementsAre());
}

TEST_F(PlanTest, ARejectedRowDoesNotStandForItsDistinctValue) {
  Write("deals.csv",
        "account,year\nAcme,19x0\nBeta,1990\nAcme,1990\nAcme,1991\n1st,1990\n1st,1991\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kAccountsOfDeals));

  const StepPlan plan = Plan(mapping, "organizations");

  ASSERT_EQ(plan.rows.size(), 2u);
  EXPECT_EQ(plan.rows[0].key, "Beta");
  EXPECT_EQ(plan.rows[1].row->line, 4u);
  EXPECT_EQ(plan.left_out, 1u);
  EXPECT_EQ(index_.Find("organizations", "Acme")->missing, "");
  EXPECT_THAT(Reasons(plan),
              ::testing::UnorderedElementsAre("VALUE_MALFORMED", "ID_INVALID", "ID_INVALID"));
}

constexpr char kTitles[] = R"(
mapping: test
files: {staff: {path: staff.csv}}
steps:
  - {step: agents, file: staff, create: users, key: "{agent}", fields: {display_name: "{agent}"}}
  - step: titles
    file: staff
    update: agents
    key: "{agent}"
    fields:
      job_title: "{title}"
      email: {column: email, when_empty: clear}
)";

TEST_F(PlanTest, AnUpdateClearsOnlyWhatItIsToldToClear) {
  Write("staff.csv", "agent,title,email\nAnna,,\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(kTitles));
  Plan(mapping, "agents");

  const StepPlan plan = Plan(mapping, "titles");

  ASSERT_EQ(plan.rows.size(), 1u);
  directory::v1::UpdateUserRequest request;
  request.CopyFrom(*plan.rows[0].request);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("email"));
  EXPECT_EQ(request.user().email(), "");
}

TEST_F(PlanTest, AnUpdateNamesARepeatedFieldOnceAndOnlyIfItIsFilled) {
  Write("accounts.csv", "account,city,mail,desk\nAcme,,a@acme.example,b@acme.example\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {accounts: {path: accounts.csv}}
steps:
  - step: organizations
    file: accounts
    create: organizations
    key: "{account}"
    fields: {display_name: "{account}"}
  - step: contacts
    file: accounts
    update: organizations
    key: "{account}"
    fields: {addresses: {locality: "{city}"}, emails: ["{mail}", "{desk}"]}
)"));
  Plan(mapping, "organizations");

  const StepPlan plan = Plan(mapping, "contacts");

  ASSERT_EQ(plan.rows.size(), 1u);
  accounts::v1::UpdateOrganizationRequest request;
  request.CopyFrom(*plan.rows[0].request);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("emails"));
  EXPECT_EQ(request.organization().emails_size(), 2);
}

}  // namespace
}  // namespace lotura::importer
