// The standard methods from the declaration alone, on a real server.
#include <gtest/gtest.h>

#include "libs/base/names.h"
#include "libs/resource/testdata/engine_bench.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using namespace testdata;  // NOLINT(google-build-using-namespace): the bench that this file is
                           // about
using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using Code = absl::StatusCode;

constexpr char kRequestId[] = "8b1a9953-c461-4b6a-a1a6-0b4a1c0f0001";

std::string RequestId(int number) {
  return fmt::format("8b1a9953-c461-4b6a-a1a6-0b4a{:08x}", number);
}

class EngineTest : public ::testing::Test {
 protected:
  EngineBench engine_;
};

TEST_F(EngineTest, EveryDeclaredMethodIsServed) {
  EXPECT_THAT(engine_.Methods(),
              ::testing::ElementsAre("BatchCreateWidgets", "BatchGetWidgets", "BatchUpdateWidgets",
                                     "CreateWidget", "DeleteWidget", "GetWidget", "ImportWidgets",
                                     "ListWidgets", "UndeleteWidget", "UpdateWidget"));
}

TEST_F(EngineTest, CreatedRecordIsReadAsItWasAnswered) {
  auto request = NewWidget("acme");
  request.mutable_widget()->set_email("Ann@Example.org");
  request.mutable_widget()->set_verdict("forged");
  ASSERT_OK_AND_ASSIGN(const v1::Widget created, engine_.Create(request));

  EXPECT_EQ(created.name(), "widgets/acme");
  EXPECT_EQ(created.verdict(), "");
  EXPECT_FALSE(created.etag().empty());
  EXPECT_EQ(engine_.Get("widgets/acme")->DebugString(), created.DebugString());
}

TEST_F(EngineTest, AssignedIdsAreWellFormedAndDiffer) {
  const auto first = engine_.Create(NewWidget(""));
  const auto second = engine_.Create(NewWidget(""));

  EXPECT_TRUE(IsWellFormedId(first->name().substr(8)));
  EXPECT_NE(first->name(), second->name());
}

TEST_F(EngineTest, ValidateOnlyAnswersAndWritesNothing) {
  auto request = NewWidget("acme");
  request.set_validate_only(true);

  EXPECT_THAT(engine_.Create(request), IsOk());
  EXPECT_EQ(engine_.Count("widget"), 0);
  EXPECT_EQ(engine_.Count("journal"), 0);
}

TEST_F(EngineTest, ValidateOnlyIsRefusedWhereAWriteWouldBe) {
  auto request = NewWidget("acme");
  request.mutable_widget()->set_email("anna@example.org");
  ASSERT_THAT(engine_.Create(request), IsOk());
  request.set_validate_only(true);

  EXPECT_THAT(engine_.Create(request), StatusIs(Code::kAlreadyExists, "ID_TAKEN"));
  request.set_widget_id("other");
  EXPECT_THAT(engine_.Create(request), StatusIs(Code::kAlreadyExists, "MATCH_KEY_TAKEN"));
  request.mutable_widget()->set_email("other@example.org");
  EXPECT_THAT(engine_.Create(request), IsOk());
  EXPECT_EQ(engine_.Count("widget"), 1);
}

TEST_F(EngineTest, AllWrongFieldsAreNamedAtOnce) {
  v1::CreateWidgetRequest request;
  request.mutable_widget()->set_email("nobody");
  request.mutable_widget()->set_score(101);
  request.mutable_widget()->mutable_amount()->set_currency_code("euro");
  request.mutable_widget()->mutable_due_date()->set_year(2026);

  const auto created = engine_.Create(request);

  EXPECT_THAT(created, StatusIs(Code::kInvalidArgument, "BAD_REQUEST"));
  EXPECT_THAT(created, HasViolation("widget.display_name", "REQUIRED"));
  EXPECT_THAT(created, HasViolation("widget.email", "FORMAT_INVALID"));
  EXPECT_THAT(created, HasViolation("widget.score", "OUT_OF_RANGE"));
  EXPECT_THAT(created, HasViolation("widget.amount.currency_code", "CURRENCY_INVALID"));
  EXPECT_THAT(created, HasViolation("widget.due_date", "DATE_INVALID"));
  EXPECT_EQ(engine_.Count("widget"), 0);
}

TEST_F(EngineTest, UpdateChangesTheFieldsOfTheMaskAndNoOthers) {
  auto request = NewWidget("acme");
  request.mutable_widget()->set_score(5);
  ASSERT_OK_AND_ASSIGN(const v1::Widget created, engine_.Create(request));

  ASSERT_OK_AND_ASSIGN(const v1::Widget updated,
                       engine_.Update(Rename("widgets/acme", "other", created.etag())));

  EXPECT_EQ(updated.display_name(), "other");
  EXPECT_EQ(updated.score(), 5);
  EXPECT_NE(updated.etag(), created.etag());
  EXPECT_EQ(engine_.Count("journal"), 2);
}

TEST_F(EngineTest, StarReplacesTheWholeRecord) {
  auto request = NewWidget("acme");
  request.mutable_widget()->set_score(5);
  ASSERT_THAT(engine_.Create(request), IsOk());
  auto update = Rename("widgets/acme", "other");
  update.mutable_update_mask()->set_paths(0, "*");

  ASSERT_OK_AND_ASSIGN(const v1::Widget updated, engine_.Update(update));

  EXPECT_EQ(updated.score(), 0);
}

TEST_F(EngineTest, UpdateThatChangesNothingMakesNoVersion) {
  ASSERT_OK_AND_ASSIGN(const v1::Widget created, engine_.Create(NewWidget("acme")));

  ASSERT_OK_AND_ASSIGN(const v1::Widget updated,
                       engine_.Update(Rename("widgets/acme", "A widget")));

  EXPECT_EQ(updated.etag(), created.etag());
  EXPECT_EQ(engine_.Count("journal"), 1);
}

TEST_F(EngineTest, WrongUpdatesAreRefused) {
  auto request = NewWidget("acme");
  request.mutable_widget()->set_origin("here");
  ASSERT_THAT(engine_.Create(request), IsOk());
  auto unknown = Rename("widgets/acme", "x");
  unknown.mutable_update_mask()->add_paths("colour");
  v1::UpdateWidgetRequest immutable;
  immutable.mutable_widget()->set_name("widgets/acme");
  immutable.mutable_widget()->set_origin("there");

  EXPECT_THAT(engine_.Update(unknown), HasViolation("update_mask", "MASK_UNKNOWN_FIELD"));
  EXPECT_THAT(engine_.Update(immutable), HasViolation("widget.origin", "IMMUTABLE"));
  EXPECT_THAT(engine_.Update(Rename("widgets/acme", "x", "\"v7\"")),
              StatusIs(Code::kAborted, "STALE_ETAG"));
  EXPECT_THAT(engine_.Update(Rename("widgets/none", "x")), StatusIs(Code::kNotFound, "NOT_FOUND"));
  EXPECT_THAT(engine_.Update(Rename("gadgets/acme", "x")),
              HasViolation("widget.name", "NAME_INVALID"));
  EXPECT_EQ(engine_.Count("journal"), 1);
}

TEST_F(EngineTest, AStaleUpdateIsToldWhereItDiffersFromTheRecordAsItIs) {
  auto request = NewWidget("acme");
  request.mutable_widget()->set_score(5);
  ASSERT_OK_AND_ASSIGN(const v1::Widget created, engine_.Create(request));
  ASSERT_THAT(engine_.Update(Rename("widgets/acme", "other")), IsOk());
  auto stale = Rename("widgets/acme", "third", created.etag());
  stale.mutable_widget()->set_score(5);
  stale.mutable_update_mask()->add_paths("score");

  const absl::Status refused = engine_.Update(stale).status();

  EXPECT_THAT(refused, StatusIs(Code::kAborted, "STALE_ETAG"));
  EXPECT_EQ(InfoOf(refused).metadata.at("current_etag"), "\"v2\"");
  EXPECT_EQ(InfoOf(refused).metadata.at("fields"), "display_name");
}

TEST_F(EngineTest, DeletedRecordIsReadByNameAndComesBack) {
  ASSERT_THAT(engine_.Create(NewWidget("acme")), IsOk());
  v1::DeleteWidgetRequest remove;
  remove.set_name("widgets/acme");
  v1::UndeleteWidgetRequest restore;
  restore.set_name("widgets/acme");

  ASSERT_OK_AND_ASSIGN(const v1::Widget deleted,
                       engine_.Do<v1::Widget>(CallAs(1), "DeleteWidget", remove));
  EXPECT_TRUE(deleted.has_delete_time());
  EXPECT_TRUE(engine_.Get("widgets/acme")->has_delete_time());
  EXPECT_THAT(engine_.Update(Rename("widgets/acme", "x")),
              StatusIs(Code::kFailedPrecondition, "DELETED"));
  EXPECT_THAT(engine_.Create(NewWidget("acme")), StatusIs(Code::kAlreadyExists, "ID_TAKEN"));
  EXPECT_FALSE(engine_.Do<v1::Widget>(CallAs(1), "UndeleteWidget", restore)->has_delete_time());
  EXPECT_THAT(engine_.Do<v1::Widget>(CallAs(1), "UndeleteWidget", restore),
              StatusIs(Code::kAlreadyExists, "NOT_DELETED"));
}

TEST_F(EngineTest, ReferencesMustExist) {
  auto own = NewWidget("a");
  own.mutable_widget()->set_part_of("widgets/none");
  auto malformed = NewWidget("b");
  malformed.mutable_widget()->set_part_of("none");
  auto foreign = NewWidget("c");
  foreign.mutable_widget()->set_owner("//directory.lotura/users/anna");

  EXPECT_THAT(engine_.Create(own), StatusIs(Code::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  EXPECT_THAT(engine_.Create(malformed), HasViolation("widget.part_of", "NAME_INVALID"));
  EXPECT_THAT(engine_.Create(foreign), StatusIs(Code::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  engine_.foreign().known.insert("//directory.lotura/users/anna");
  EXPECT_THAT(engine_.Create(foreign), IsOk());

  v1::BatchCreateWidgetsRequest batch;
  *batch.add_requests() = NewWidget("d");
  *batch.add_requests() = NewWidget("e");
  batch.mutable_requests(0)->mutable_widget()->set_part_of("widgets/none");
  const auto refused =
      engine_.Do<v1::BatchCreateWidgetsResponse>(CallAs(1), "BatchCreateWidgets", batch);
  EXPECT_EQ(InfoOf(refused.status()).metadata["field"], "requests[0].widget.part_of");
}

TEST_F(EngineTest, ReferencesMustBeToTheirType) {
  engine_.foreign().known = {"//directory.lotura/teams/central",
                             "//accounts.lotura/organizations/acme"};
  for (const std::string& owner : engine_.foreign().known) {
    auto request = NewWidget("acme");
    request.mutable_widget()->set_owner(owner);
    EXPECT_THAT(engine_.Create(request), HasViolation("widget.owner", "NAME_INVALID")) << owner;
  }
}

TEST_F(EngineTest, BatchIsOneUnitAndNamesTheWrongElement) {
  v1::BatchCreateWidgetsRequest batch;
  *batch.add_requests() = NewWidget("a");
  *batch.add_requests() = NewWidget("b", "");

  const auto refused =
      engine_.Do<v1::BatchCreateWidgetsResponse>(CallAs(1), "BatchCreateWidgets", batch);
  EXPECT_THAT(refused, HasViolation("requests[1].widget.display_name", "REQUIRED"));
  batch.mutable_requests(0)->set_widget_id("NOT AN ID");
  EXPECT_THAT(engine_.Do<v1::BatchCreateWidgetsResponse>(CallAs(1), "BatchCreateWidgets", batch),
              ::testing::AllOf(HasViolation("requests[0].widget_id", "ID_INVALID"),
                               HasViolation("requests[1].widget.display_name", "REQUIRED")));
  batch.mutable_requests(0)->set_widget_id("a");
  EXPECT_EQ(engine_.Count("widget"), 0);

  batch.mutable_requests(1)->mutable_widget()->set_display_name("B");
  batch.set_request_id(kRequestId);
  ASSERT_OK_AND_ASSIGN(const auto created, engine_.Do<v1::BatchCreateWidgetsResponse>(
                                               CallAs(1), "BatchCreateWidgets", batch));
  ASSERT_OK_AND_ASSIGN(const auto again, engine_.Do<v1::BatchCreateWidgetsResponse>(
                                             CallAs(1), "BatchCreateWidgets", batch));
  EXPECT_EQ(created.DebugString(), again.DebugString());
  EXPECT_EQ(engine_.Count("widget"), 2);

  v1::BatchGetWidgetsRequest get;
  get.add_names("widgets/b");
  get.add_names("widgets/a");
  ASSERT_OK_AND_ASSIGN(const auto got,
                       engine_.Do<v1::BatchGetWidgetsResponse>(CallAs(1), "BatchGetWidgets", get));
  EXPECT_EQ(got.widgets(0).name(), "widgets/b");
}

TEST_F(EngineTest, RepeatedUpdateIsAnsweredAsTheFirstAlthoughItsEtagIsStale) {
  ASSERT_OK_AND_ASSIGN(const v1::Widget created, engine_.Create(NewWidget("acme")));
  auto update = Rename("widgets/acme", "second", created.etag());
  update.set_request_id(kRequestId);
  ASSERT_OK_AND_ASSIGN(const v1::Widget first, engine_.Update(update));
  ASSERT_THAT(engine_.Update(Rename("widgets/acme", "third")), IsOk());

  ASSERT_OK_AND_ASSIGN(const v1::Widget again, engine_.Update(update));

  EXPECT_EQ(again.DebugString(), first.DebugString());
  EXPECT_EQ(engine_.Get("widgets/acme")->display_name(), "third");
  update.mutable_widget()->set_display_name("other");
  EXPECT_THAT(engine_.Update(update), HasViolation("request_id", "REQUEST_ID_REUSED"));
}

TEST_F(EngineTest, OtherTenantFindsNothing) {
  ASSERT_THAT(engine_.Create(NewWidget("acme")), IsOk());
  v1::GetWidgetRequest get;
  get.set_name("widgets/acme");

  EXPECT_THAT(engine_.Do<v1::Widget>(CallAs(2), "GetWidget", get),
              StatusIs(Code::kNotFound, "NOT_FOUND"));
  EXPECT_EQ(engine_.Do<v1::ListWidgetsResponse>(CallAs(2), "ListWidgets", v1::ListWidgetsRequest())
                ->widgets_size(),
            0);
}

TEST_F(EngineTest, JournalKeepsThePersonalPartApart) {
  auto request = NewWidget("acme");
  request.mutable_widget()->set_email("ann@example.org");
  ASSERT_THAT(engine_.Create(request), IsOk());

  const auto parts = engine_.reads().Read(
      Deadline::After(std::chrono::seconds(10)), [](pg::Tx& tx) -> absl::StatusOr<Parts> {
        const pg::Rows rows =
            testing::Select(tx, "SELECT after_plain, after_personal FROM journal");
        return Parts{rows.Bytes(0, 0), rows.Bytes(0, 1)};
      });

  EXPECT_EQ(parts->plain.find("example"), std::string::npos);
  EXPECT_NE(parts->personal.find("ann@example.org"), std::string::npos);
  v1::Widget whole;
  ASSERT_TRUE(Join(*parts, whole));
  EXPECT_EQ(whole.DebugString(), engine_.Get("widgets/acme")->DebugString());
}

// Runs `count` calls on 16 threads.
template <typename One>
void InParallel(int count, const One& one) {
  std::atomic<int> next = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int mine = next++; mine < count; mine = next++) one(mine);
    });
  }
}

TEST_F(EngineTest, ThousandParallelCreatesWithOneRequestIdMakeOneRecord) {
  auto request = NewWidget("");
  request.set_request_id(kRequestId);
  std::mutex mutex;
  std::map<std::string, int> answers;

  InParallel(1000, [&](int) {
    const auto created = engine_.Create(request);
    const std::lock_guard lock(mutex);
    ++answers[created.ok() ? created->DebugString() : created.status().ToString()];
  });

  EXPECT_EQ(answers.size(), 1) << answers.begin()->first;
  EXPECT_EQ(engine_.Count("widget"), 1);
  EXPECT_EQ(engine_.Count("journal"), 1);
}

TEST_F(EngineTest, ThousandParallelCreatesWithOneMatchKeyMakeOneRecord) {
  std::atomic<int> created = 0;
  std::atomic<int> taken = 0;

  InParallel(1000, [&](int i) {
    auto request = NewWidget("");
    request.set_request_id(RequestId(i));
    request.mutable_widget()->set_email("one@example.org");
    const auto result = engine_.Create(request);
    if (result.ok()) ++created;
    if (result.status().code() == Code::kAlreadyExists &&
        ReasonOf(result.status()) == "MATCH_KEY_TAKEN")
      ++taken;
  });

  EXPECT_EQ(created, 1);
  EXPECT_EQ(taken, 999);
  EXPECT_EQ(engine_.Count("widget"), 1);
  EXPECT_EQ(engine_.Count("request"), 1);
}

TEST_F(EngineTest, OfParallelUpdatesWithOneEtagOneWins) {
  ASSERT_OK_AND_ASSIGN(const v1::Widget created, engine_.Create(NewWidget("acme")));
  std::atomic<int> won = 0;
  std::atomic<int> aborted = 0;

  InParallel(200, [&](int i) {
    const auto updated =
        engine_.Update(Rename("widgets/acme", fmt::format("by {}", i), created.etag()));
    if (updated.ok()) ++won;
    if (updated.status().code() == Code::kAborted) ++aborted;
  });

  EXPECT_EQ(won, 1);
  EXPECT_EQ(aborted, 199);
  EXPECT_EQ(engine_.Count("journal"), 2);
}

TEST_F(EngineTest, ParallelUpdatesWithoutEtagAllHappenInTurn) {
  ASSERT_THAT(engine_.Create(NewWidget("acme")), IsOk());
  std::atomic<int> ok = 0;

  InParallel(64, [&](int i) {
    // Retried by the engine a bounded number of times, then by the caller.
    for (int attempt = 0; attempt < 50; ++attempt) {
      const auto updated = engine_.Update(Rename("widgets/acme", fmt::format("by {}", i)));
      if (updated.ok()) {
        ++ok;
        return;
      }
    }
  });

  EXPECT_EQ(ok, 64);
  EXPECT_EQ(engine_.Get("widgets/acme")->etag(), "\"v65\"");
  EXPECT_EQ(engine_.Count("journal"), 65);
}

}  // namespace
}  // namespace lotura::resource
