#include "tools/lotura/importer/import.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/opportunity_service.pb.h"
#include "tools/lotura/importer/import_fixture.h"
#include "tools/lotura/importer/request_id.h"

namespace lotura::importer {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr char kMapping[] = R"(
mapping: test
files: {deals: {path: deals.csv}}
steps:
  - step: organizations
    file: deals
    distinct: account
    create: organizations
    key: "{account}"
    fields: {display_name: "{account}"}
  - step: deals
    file: deals
    create: opportunities
    key: "{id}"
    id: "o-{id}"
    fields:
      display_name: "Deal {id}"
      organization: {column: account, record_of: organizations}
      stage: pipelines/p1/stages/new
  - step: won
    file: deals
    when: {stage: won}
    call: MoveOpportunity
    record: deals
    key: "{id}"
    fields: {stage: pipelines/p1/stages/won}
)";

class ImportTest : public ImportFixture {
 protected:
  ImportTest() {
    api_.verbs["MoveOpportunity"] = [](const pbuf::Message& request, pbuf::Message& record) {
      sales::v1::MoveOpportunityRequest move;
      sales::v1::Opportunity deal;
      move.CopyFrom(request);
      deal.CopyFrom(record);
      if (deal.stage() == move.stage())
        return FailedPrecondition("SAME_STAGE", "The opportunity is there already.");
      deal.set_stage(move.stage());
      record.CopyFrom(deal);
      return absl::OkStatus();
    };
    WriteDeals(25);
    auto mapping = Read(kMapping);
    EXPECT_TRUE(mapping.ok()) << mapping.status();
    mapping_ = *std::move(mapping);
  }

  // 5 organizations; every second deal is won.
  void WriteDeals(int count) {
    std::string text = "id,account,stage\n";
    for (int i = 0; i < count; ++i)
      text += fmt::format("d{},Account {},{}\n", i, i % 5, i % 2 == 0 ? "won" : "open");
    Write("deals.csv", text);
  }
};

TEST_F(ImportTest, WritesEveryRowOnce) {
  const ImportReport report = Run();

  ASSERT_THAT(report.stopped, IsOk());
  ExpectCounts(report.steps[0], 5, 0, 0);
  ExpectCounts(report.steps[1], 25, 0, 0);
  ExpectCounts(report.steps[2], 13, 0, 0);
  EXPECT_EQ(api_.records.size(), 30u);
  EXPECT_EQ(api_.calls["BatchCreateOpportunities"], 3u);
  EXPECT_EQ(rejects_.str(), "file,line,step,key,reason,message,row\n");
}

TEST_F(ImportTest, ARepetitionLeavesEverythingUnchanged) {
  Run();

  const ImportReport report = Run();

  ASSERT_THAT(report.stopped, IsOk());
  ExpectCounts(report.steps[0], 0, 5, 0);
  ExpectCounts(report.steps[1], 0, 25, 0);
  ExpectCounts(report.steps[2], 0, 13, 0);
}

TEST_F(ImportTest, ABadRowIsRejectedAloneAndLeftAloneLater) {
  api_.check = [](const pbuf::Message& record) {
    return api::TextOf(record, "display_name") == "Deal d4"
               ? InvalidArgument("opportunity.display_name", "TOO_LONG", "is too long")
               : absl::OkStatus();
  };

  const ImportReport report = Run();

  ASSERT_THAT(report.stopped, IsOk());
  ExpectCounts(report.steps[1], 24, 0, 1);
  ExpectCounts(report.steps[2], 12, 0, 1);
  EXPECT_THAT(rejects_.str(), HasSubstr("deals.csv,6,deals,d4,TOO_LONG,"));
  EXPECT_THAT(rejects_.str(), HasSubstr("deals.csv,6,won,d4,EARLIER_STEP_REJECTED,"));
  EXPECT_THAT(rejects_.str(), HasSubstr("\"d4,Account 4,won\""));
}

TEST_F(ImportTest, ARepetitionAfterTheRowWasMendedWritesOnlyThat) {
  api_.check = [](const pbuf::Message& record) {
    return api::TextOf(record, "display_name") == "Deal d4"
               ? InvalidArgument("opportunity.display_name", "TOO_LONG", "is too long")
               : absl::OkStatus();
  };
  Run();
  api_.check = nullptr;

  const ImportReport report = Run();

  ExpectCounts(report.steps[1], 1, 24, 0);
  ExpectCounts(report.steps[2], 1, 12, 0);
}

TEST_F(ImportTest, ARejectedRecordTakesThoseThatReferToItAlong) {
  api_.check = [](const pbuf::Message& record) {
    return api::TextOf(record, "display_name") == "Account 3"
               ? AlreadyExists("MATCH_KEY_TAKEN", "another one has this domain")
               : absl::OkStatus();
  };

  const ImportReport report = Run();

  ExpectCounts(report.steps[0], 4, 0, 1);
  ExpectCounts(report.steps[1], 20, 0, 5);
  EXPECT_THAT(rejects_.str(), HasSubstr("RECORD_REJECTED"));
}

TEST_F(ImportTest, AnswersThatGetLostAfterTheCommitChangeNothing) {
  int count = 0;
  api_.after = [&](const std::string& method) {
    const bool lost = method != "BatchGetOpportunities" && ++count % 3 == 0;
    return lost ? Unavailable("CONNECTION", "reset") : absl::OkStatus();
  };

  const ImportReport report = Run();

  ASSERT_THAT(report.stopped, IsOk());
  ExpectCounts(report.steps[1], 25, 0, 0);
  ExpectCounts(report.steps[2], 13, 0, 0);
  EXPECT_EQ(api_.records.size(), 30u);
}

TEST_F(ImportTest, AnImportThatIsCutOffGoesOnWhereItWas) {
  int left = 9;
  api_.before = [&](const std::string& /*method*/) {
    return left-- > 0 ? absl::OkStatus() : PermissionDenied("sales.opportunities.write");
  };
  const ImportReport first = Run();
  EXPECT_THAT(first.stopped, StatusIs(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
  api_.before = nullptr;

  const ImportReport second = Run();

  ASSERT_THAT(second.stopped, IsOk());
  EXPECT_EQ(api_.records.size(), 30u);
  for (std::size_t i = 0; i < first.steps.size(); ++i)
    EXPECT_EQ(second.steps[i].unchanged, first.steps[i].written) << second.steps[i].step;
}

TEST_F(ImportTest, RecordsOfOtherOriginAreComparedAndNotOverwritten) {
  Run();
  // The same records, but the service has forgotten the request ids and one was changed since.
  api::FakeApi other(model_);
  for (const auto& [name, record] : api_.records) {
    other.records[name].reset(record->New());
    other.records[name]->CopyFrom(*record);
  }
  const auto& deal = other.records.at("opportunities/o-d7");
  deal->GetReflection()->SetString(
      deal.get(), deal->GetDescriptor()->FindFieldByName("display_name"), "Renamed");
  PatientCaller caller(other, pacer_, Patience{});
  SilentObserver observer;

  const ImportReport report =
      RunImport(mapping_, caller, Parallelism{.batch_size = 10}, rejects_, observer);

  ExpectCounts(report.steps[0], 0, 5, 0);
  ExpectCounts(report.steps[1], 0, 24, 1);
  EXPECT_THAT(rejects_.str(), HasSubstr("its display_name is another one"));
}

TEST_F(ImportTest, AReadThatIsRefusedLeavesTheVerdictToTheRequestItself) {
  api_.before = [](const std::string& method) {
    return method.starts_with("BatchGet") || method.starts_with("Get")
               ? InvalidArgument("parent", "PARENT_INVALID", "is no parent")
               : absl::OkStatus();
  };
  api_.check = [](const pbuf::Message& record) {
    return api::TextOf(record, "display_name") == "Deal d4"
               ? InvalidArgument("opportunity.display_name", "TOO_LONG", "is too long")
               : absl::OkStatus();
  };

  const ImportReport report = Run();

  ASSERT_THAT(report.stopped, IsOk());
  ExpectCounts(report.steps[1], 24, 0, 1);
  ExpectCounts(report.steps[2], 12, 0, 1);
}

TEST_F(ImportTest, ADryRunCountsAndSendsNothing) {
  const ImportReport report = PlanImport(mapping_, rejects_);

  ExpectCounts(report.steps[1], 25, 0, 0);
  ExpectCounts(report.steps[2], 13, 0, 0);
  EXPECT_TRUE(api_.calls.empty());
}

TEST_F(ImportTest, ARepetitionByAnotherUserWritesNothing) {
  Run();
  api_.principal = "users/other";

  const ImportReport report = Run();

  ExpectCounts(report.steps[0], 0, 5, 0);
  ExpectCounts(report.steps[1], 0, 25, 0);
  ExpectCounts(report.steps[2], 0, 13, 0);
}

TEST_F(ImportTest, ARowThatHasChangedSinceIsNoRepetition) {
  Run();
  for (SourceRow& row : mapping_.tables.at("deals").rows) {
    if (row.cells[0] == "d3") row.cells[1] = "Account 0";
  }

  const ImportReport report = Run();

  ExpectCounts(report.steps[1], 0, 24, 1);
  EXPECT_THAT(rejects_.str(), HasSubstr("deals,d3,ID_TAKEN,"));
  EXPECT_THAT(rejects_.str(), HasSubstr("its organization is another one"));
}

constexpr char kTitles[] = R"(
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
    fields: {job_title: "{title}", email: "{email}"}
)";

TEST_F(ImportTest, AnUpdateLeavesWhatTheRowIsSilentAboutAsItIs) {
  Write("staff.csv", "agent,title,email\nAnna,,anna@acme.example\n");
  ASSERT_OK_AND_ASSIGN(mapping_, Read(kTitles));

  const ImportReport report = Run();

  ExpectCounts(report.steps[1], 1, 0, 0);
  EXPECT_EQ(api::TextOf(*api_.records.at("users/anna"), "job_title"), "Agent");
  EXPECT_EQ(api::TextOf(*api_.records.at("users/anna"), "email"), "anna@acme.example");
}

TEST(RequestIdTest, IsTheSameForTheSameOriginAndOtherwiseAnother) {
  const std::vector<std::string> one{"ab"};
  const std::vector<std::string> two{"a", "b"};
  const RequestOrigin origin{
      .mapping = "m", .file = "f.csv", .step = "s", .keys = one, .content = "c"};
  RequestOrigin other_keys = origin;
  RequestOrigin other_step = origin;
  RequestOrigin other_content = origin;
  other_keys.keys = two;
  other_step.step = "t";
  other_content.content = "d";
  const std::string id = RequestId(origin);

  EXPECT_EQ(id, RequestId(origin));
  EXPECT_NE(id, RequestId(other_keys));
  EXPECT_NE(id, RequestId(other_step));
  EXPECT_NE(id, RequestId(other_content));
  EXPECT_EQ(id[14], '8') << "version 8: " << id;
  EXPECT_THAT(std::string("89ab"), HasSubstr(std::string(1, id[19]))) << "variant: " << id;
}

}  // namespace
}  // namespace lotura::importer
