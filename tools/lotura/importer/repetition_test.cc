// Imports that are repeated when the services have forgotten the requests of the first time.
#include "tools/lotura/importer/repetition.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/opportunity_service.pb.h"
#include "tools/lotura/importer/import_fixture.h"

namespace lotura::importer {
namespace {

using ::testing::HasSubstr;

class RepetitionTest : public ImportFixture {
 protected:
  void Read(const std::string& text) {
    auto mapping = MappingFixture::Read(text);
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    mapping_ = *std::move(mapping);
  }

  ImportReport RunForgotten() {
    api_.ForgetRequests();
    return Run();
  }
};

constexpr char kOrganizations[] = R"(
mapping: test
files: {accounts: {path: accounts.csv}}
steps:
  - step: organizations
    file: accounts
    create: organizations
    key: "{account}"
    fields: {display_name: "{account}", domain: "{domain}", phones: {number: "{phone}"}}
)";

class NormalizedTest : public RepetitionTest {
 protected:
  NormalizedTest() {
    api_.derive = [](pbuf::Message& record) {
      accounts::v1::Organization organization;
      organization.CopyFrom(record);
      for (auto& phone : *organization.mutable_phones())
        std::erase_if(*phone.mutable_number(), [](char c) { return c == ' '; });
      record.CopyFrom(organization);
    };
    Write("accounts.csv", "account,phone,domain\nAcme,+49 30 901820,acme.example\nBeta,,\n");
    Read(kOrganizations);
  }
};

TEST_F(NormalizedTest, WhatTheServiceNormalizesIsNoDifference) {
  Run();

  const ImportReport report = RunForgotten();

  ExpectCounts(report.steps[0], 0, 2, 0);
}

TEST_F(NormalizedTest, AnotherValueIsADifference) {
  Run();
  mapping_.tables.at("accounts").rows[0].cells[1] = "+49 30 1";

  const ImportReport report = RunForgotten();

  ExpectCounts(report.steps[0], 0, 1, 1);
  EXPECT_THAT(rejects_.str(), HasSubstr("its phones is another one"));
}

TEST_F(NormalizedTest, WhatOthersAddedWhereTheRowIsSilentIsNoDifference) {
  Run();
  accounts::v1::Organization beta;
  beta.CopyFrom(*api_.records.at("organizations/beta"));
  beta.set_domain("beta.example");
  api_.records.at("organizations/beta")->CopyFrom(beta);

  const ImportReport report = RunForgotten();

  ExpectCounts(report.steps[0], 0, 2, 0);
}

TEST_F(RepetitionTest, WhatALaterStepChangesIsNoDifference) {
  Write("staff.csv", "agent,title\nAnna,Head\nBen,\n");
  Read(R"(
mapping: test
files: {staff: {path: staff.csv}}
steps:
  - step: agents
    file: staff
    create: users
    key: "{agent}"
    fields: {display_name: "{agent}", job_title: Agent}
  - step: titles
    file: staff
    update: agents
    key: "{agent}"
    fields: {job_title: "{title}"}
)");
  Run();
  const auto& ben = api_.records.at("users/ben");
  ben->GetReflection()->SetString(ben.get(), ben->GetDescriptor()->FindFieldByName("job_title"),
                                  "Other");

  const ImportReport report = RunForgotten();

  ExpectCounts(report.steps[0], 0, 1, 1);
  EXPECT_THAT(rejects_.str(), HasSubstr("agents,Ben,ID_TAKEN,"));
  ExpectCounts(report.steps[1], 0, 1, 1);
}

constexpr char kDeals[] = R"(
mapping: test
files: {deals: {path: deals.csv}}
steps:
  - step: deals
    file: deals
    create: opportunities
    key: "{id}"
    fields:
      display_name: "Deal {id}"
      stage: pipelines/p1/stages/new
      amount: {text: "100", currency: USD}
      open_time: "2017-01-01"
      lines: {product: products/gtx, quantity: "2", unit_price: {text: "275", currency: USD}}
  - step: engaged
    file: deals
    when: {stage: [engaged, won]}
    call: MoveOpportunity
    record: deals
    key: "{id}"
    fields: {stage: pipelines/p1/stages/engaged, move_time: {column: engage_date, date: YYYY-MM-DD}}
  - step: won
    file: deals
    when: {stage: won}
    after: engaged
    call: MoveOpportunity
    record: deals
    key: "{id}"
    fields:
      stage: pipelines/p1/stages/won
      move_time: {column: close_date, date: YYYY-MM-DD}
      close_amount: {column: value, currency: USD}
)";

class MovesTest : public RepetitionTest {
 protected:
  MovesTest() {
    api_.derive = [](pbuf::Message& record) {
      sales::v1::Opportunity deal;
      deal.CopyFrom(record);
      if (deal.lines_size() > 0)
        deal.mutable_amount()->set_units(deal.lines(0).quantity() *
                                         deal.lines(0).unit_price().units());
      record.CopyFrom(deal);
    };
    api_.verbs["MoveOpportunity"] = Move;
    Write("deals.csv",
          "id,stage,engage_date,close_date,value\n"
          "a,won,2017-02-01,2017-03-01,540\nb,engaged,2017-02-02,,\nc,new,,,\n");
    Read(kDeals);
  }

  static absl::Status Move(const pbuf::Message& request, pbuf::Message& record) {
    sales::v1::MoveOpportunityRequest move;
    sales::v1::Opportunity deal;
    move.CopyFrom(request);
    deal.CopyFrom(record);
    if (deal.state() == sales::v1::Opportunity::STATE_WON)
      return FailedPrecondition("OPPORTUNITY_CLOSED", "reopen it first");
    if (deal.stage() == move.stage()) return FailedPrecondition("SAME_STAGE", "is there already");
    deal.set_stage(move.stage());
    *deal.mutable_stage_enter_time() = move.move_time();
    if (move.stage().ends_with("/won")) {
      deal.set_state(sales::v1::Opportunity::STATE_WON);
      *deal.mutable_close_amount() = move.close_amount();
    }
    record.CopyFrom(deal);
    return absl::OkStatus();
  }
};

TEST_F(MovesTest, MovesThatWereMadeAreUnchanged) {
  const ImportReport first = Run();
  ExpectCounts(first.steps[0], 3, 0, 0);
  ExpectCounts(first.steps[1], 2, 0, 0);
  ExpectCounts(first.steps[2], 1, 0, 0);

  const ImportReport report = RunForgotten();

  ExpectCounts(report.steps[0], 0, 3, 0);
  ExpectCounts(report.steps[1], 0, 2, 0);
  ExpectCounts(report.steps[2], 0, 1, 0);
}

TEST_F(MovesTest, AMoveWithAnotherTimeOrAmountIsNotTheOneThatWasMade) {
  Run();
  SourceTable& table = mapping_.tables.at("deals");
  table.rows[0].cells[4] = "999";
  table.rows[1].cells[2] = "2017-02-09";

  const ImportReport report = RunForgotten();

  ExpectCounts(report.steps[1], 0, 0, 2);
  EXPECT_THAT(rejects_.str(), HasSubstr("engaged,a,OPPORTUNITY_CLOSED,"));
  EXPECT_THAT(rejects_.str(), HasSubstr("engaged,b,SAME_STAGE,"));
  EXPECT_THAT(rejects_.str(), HasSubstr("won,a,EARLIER_STEP_REJECTED,"));
}

}  // namespace
}  // namespace lotura::importer
