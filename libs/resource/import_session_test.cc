// Runs under the thread sanitizer too: tsan
#include "libs/resource/import_session.h"

#include <gmock/gmock.h>

#include <future>

#include "libs/resource/testdata/forwarding_store.h"
#include "libs/resource/testdata/import_client.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using namespace testdata;  // NOLINT(google-build-using-namespace): the client that this file is
                           // about
using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class NobodyElse final : public ForeignRecords {
 public:
  absl::StatusOr<std::vector<std::string>> FindMissing(const TenantId&,
                                                       std::span<const std::string> names,
                                                       Deadline) const override {
    return std::vector<std::string>(names.begin(), names.end());
  }
};

// Holds chunks up while a gate is set, or fails them.
class GatedStore final : public ForwardingStore {
 public:
  absl::StatusOr<Outcome> CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                     Deadline deadline) override {
    if (gate.valid()) gate.wait();
    if (!failure.ok()) return failure;
    auto outcome = inner.CommitRows(chunk, answer_of, deadline);
    if (late.valid() && chunk.rows.front().changes.front().name == "widgets/late") late.wait();
    return outcome;
  }

  std::shared_future<void> gate;
  // What comes between the commit of widgets/late and its answer.
  std::shared_future<void> late;
  absl::Status failure;
};

class ImportSessionTest : public ::testing::Test {
 protected:
  void Make(const ImportLimits& limits = {}) {
    imports_.emplace(ImportParts{{catalog_, store_, foreign_, ids_}, clock_, log_, metrics_, {}},
                     limits);
    imports_->Start(2);
    const auto* method = v1::Widget::descriptor()
                             ->file()
                             ->FindServiceByName("WidgetService")
                             ->FindMethodByName("ImportWidgets");
    handler_ = ImportHandler(*method, catalog_.types().front(), *imports_);
  }
  [[nodiscard]] double Rows(std::string_view outcome) const {
    return metrics_
        .AddCounters({.name = "lotura_import_rows_total",
                      .help = "Rows of imports that were answered, by what became of them",
                      .labels = {"outcome"}})
        .With({outcome})
        .value();
  }

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  const Catalog catalog_ = WidgetCatalog();
  NobodyElse foreign_;
  observe::Metrics metrics_{"widget"};
  observe::Log log_{{.service = "widget", .level = observe::Level::kError}, metrics_};
  GatedStore store_;
  std::optional<Imports> imports_;
  rpc::StreamHandler handler_;
};

TEST_F(ImportSessionTest, GoodRowsAreCreatedBesideBadOnes) {
  Make();
  ImportClient client(handler_);
  auto nameless = Row("b");
  nameless.mutable_widget()->clear_display_name();
  auto homeless = Row("c");
  homeless.mutable_widget()->set_part_of("widgets/nowhere");

  client.Send(ChunkAt(0, {Row("a"), nameless, homeless, v1::CreateWidgetRequest(), Row("a")}));
  EXPECT_THAT(client.Close(), IsOk());

  ASSERT_THAT(client.results(), SizeIs(1));
  EXPECT_EQ(Told(client.results()[0]), "widgets/a REQUIRED REFERENCE_NOT_FOUND REQUIRED ID_TAKEN");
  EXPECT_THAT(store_.inner.Journal(), SizeIs(1));
  EXPECT_EQ(Rows("created"), 1);
  EXPECT_EQ(Rows("invalid"), 2);
  EXPECT_EQ(Rows("taken"), 1);
  EXPECT_EQ(Rows("refused"), 1);
}

TEST_F(ImportSessionTest, TheErrorOfARowNamesItsFieldAsCreateDoes) {
  Make();
  ImportClient client(handler_);
  auto bad = Row("Not an id");
  bad.mutable_widget()->set_score(101);

  client.Send(ChunkAt(0, {bad}));
  EXPECT_THAT(client.Close(), IsOk());

  const auto results = client.results();
  const auto& error = results.at(0).rows(0).error();
  const absl::Status status = rpc::FromWire(
      {.code = error.code(), .message = error.message(), .details = error.SerializeAsString()});
  EXPECT_THAT(status, HasViolation("widget_id", "ID_INVALID"));
  EXPECT_THAT(status, HasViolation("widget.score", "OUT_OF_RANGE"));
}

TEST_F(ImportSessionTest, TheHolderOfAKeyIsNamedOnlyToThoseWhoMayReadIt) {
  Make();
  Call call = CallAs(1);
  call.principal.permissions = {"testdata.widgets.write"};
  ImportClient client(handler_, call);

  client.Send(ChunkAt(0, {Row("a", "a@example.org"), Row("b", "A@example.org")}));
  EXPECT_THAT(client.Close(), IsOk());

  EXPECT_EQ(Told(client.results().at(0)), "widgets/a MATCH_KEY_TAKEN");
  EXPECT_EQ(client.results().at(0).DebugString().find("holder"), std::string::npos);
}

TEST_F(ImportSessionTest, JournalEntriesNameTheImport) {
  Make();
  ImportClient client(handler_);

  client.Send(ChunkAt(0, {Row("a"), Row("b")}));
  client.Send(ChunkAt(1, {Row("c")}));
  EXPECT_THAT(client.Close(), IsOk());

  ASSERT_THAT(store_.inner.Journal(), SizeIs(3));
  for (const auto& entry : store_.inner.Journal())
    EXPECT_EQ(entry.request_id, ImportClient::kImport);
}

TEST_F(ImportSessionTest, AnImportThatComesTwiceIsDoneOnce) {
  Make();
  std::vector<std::vector<ImportClient::Result>> results;
  for (int i = 0; i < 2; ++i) {
    ImportClient client(handler_);
    client.Send(ChunkAt(0, {Row(""), Row("b", "b@example.org")}));
    client.Send(ChunkAt(1, {Row("c", "b@example.org")}));
    EXPECT_THAT(client.Close(), IsOk());
    results.push_back(client.results());
  }

  ASSERT_THAT(results[1], SizeIs(2));
  EXPECT_EQ(results[0][0].DebugString(), results[1][0].DebugString());
  EXPECT_EQ(results[0][1].DebugString(), results[1][1].DebugString());
  EXPECT_THAT(store_.inner.Journal(), SizeIs(2));
  EXPECT_EQ(Rows("repeated"), 3);
}

TEST_F(ImportSessionTest, AnImportGoesOnBehindWhatWasAnswered) {
  Make();
  {
    ImportClient client(handler_);
    client.Send(ChunkAt(0, {Row("a")}));
    client.stream().AwaitResults(1);
  }
  ImportClient client(handler_);

  client.Send(ChunkAt(1, {Row("b")}));

  EXPECT_THAT(client.Close(), IsOk());
  EXPECT_EQ(client.results().at(0).position(), 1);
  EXPECT_THAT(store_.inner.Journal(), SizeIs(2));
}

TEST_F(ImportSessionTest, AnotherChunkAtTheSamePositionIsRefused) {
  Make();
  ImportClient first(handler_);
  first.Send(ChunkAt(0, {Row("a")}));
  EXPECT_THAT(first.Close(), IsOk());
  ImportClient second(handler_);

  second.Send(ChunkAt(0, {Row("b")}));

  EXPECT_THAT(second.Close(), StatusIs(absl::StatusCode::kInvalidArgument, "POSITION_REUSED"));
  EXPECT_THAT(store_.inner.Journal(), SizeIs(1));
}

TEST_F(ImportSessionTest, ADryRunTellsTheSameAndWritesNothing) {
  Make();
  auto dry = ChunkAt(0, {Row("a", "a@example.org"), Row("a"), Row("b", "a@example.org")});
  dry.set_validate_only(true);
  for (int i = 0; i < 2; ++i) {
    ImportClient client(handler_);
    client.Send(dry);
    EXPECT_THAT(client.Close(), IsOk());
    EXPECT_EQ(Told(client.results().at(0)), "widgets/a ID_TAKEN MATCH_KEY_TAKEN");
  }

  EXPECT_THAT(store_.inner.Journal(), SizeIs(0));
  EXPECT_EQ(Rows("tried"), 6);
  EXPECT_EQ(Rows("created"), 0);
}

TEST_F(ImportSessionTest, ARowMayReferToARecordOfAnEarlierChunkThatIsUnderWay) {
  Make();
  std::promise<void> open;
  store_.gate = open.get_future().share();
  ImportClient client(handler_);
  auto part = Row("part");
  part.mutable_widget()->set_part_of("widgets/whole");
  client.Send(ChunkAt(0, {Row("whole")}));
  client.Send(ChunkAt(1, {part}));

  open.set_value();

  EXPECT_THAT(client.Close(), IsOk());
  ASSERT_THAT(client.results(), SizeIs(2));
  EXPECT_EQ(Told(client.results()[1]), "widgets/part");
}

TEST_F(ImportSessionTest, ChunksAreAnsweredInOrderThoughTheNextIsWrittenBefore) {
  Make();
  std::promise<void> open;
  store_.late = open.get_future().share();
  ImportClient client(handler_);
  client.Send(ChunkAt(0, {Row("late")}));
  client.Send(ChunkAt(1, {Row("next")}));

  EXPECT_TRUE(testing::Eventually([&] { return store_.inner.Journal().size() == 2; },
                                  std::chrono::seconds(30)));
  EXPECT_THAT(client.results(), SizeIs(0));
  open.set_value();

  EXPECT_THAT(client.Close(), IsOk());
  ASSERT_THAT(client.results(), SizeIs(2));
  EXPECT_EQ(client.results()[0].position(), 0);
}

TEST_F(ImportSessionTest, TheClientWaitsWhileAsManyChunksAsMayBeAreUnderWay) {
  Make({.chunks_max = 2});
  std::promise<void> open;
  store_.gate = open.get_future().share();
  ImportClient client(handler_);
  client.Send(ChunkAt(0, {Row("a")}));
  EXPECT_FALSE(client.stream().IsPaused());
  client.Send(ChunkAt(1, {Row("b")}));
  EXPECT_TRUE(client.stream().IsPaused());

  open.set_value();

  client.stream().AwaitOpen();
  EXPECT_THAT(client.Close(), IsOk());
}

TEST_F(ImportSessionTest, ResultsWaitForAClientThatReadsSlowly) {
  Make({.chunks_max = 2});
  ImportClient client(handler_);
  client.stream().SetRoom(0);
  client.Send(ChunkAt(0, {Row("a")}));
  client.Send(ChunkAt(1, {Row("b")}));
  EXPECT_TRUE(client.stream().IsPaused());
  client.session().OnHalfClose();

  client.stream().SetRoom(2);
  client.session().OnRoom();

  EXPECT_THAT(client.stream().AwaitEnd(), IsOk());
  ASSERT_THAT(client.results(), SizeIs(2));
  EXPECT_EQ(client.results()[0].position(), 0);
}

TEST_F(ImportSessionTest, WhatFailsAsAWholeEndsTheStreamAndNothingBehindItIsWritten) {
  Make();
  std::promise<void> open;
  store_.gate = open.get_future().share();
  store_.failure = Unavailable("DATABASE_UNAVAILABLE", "away");
  ImportClient client(handler_);
  client.Send(ChunkAt(0, {Row("a")}));
  client.Send(ChunkAt(1, {Row("b")}));

  open.set_value();

  EXPECT_THAT(client.stream().AwaitEnd(),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  imports_->Stop();
  EXPECT_THAT(store_.inner.Journal(), SizeIs(0));
}

struct WrongHead {
  const char* what;
  std::function<void(v1::ImportWidgetsRequest&)> spoil;
  const char* field;
  const char* reason;
};

TEST_F(ImportSessionTest, AChunkThatIsWrongAsAWholeEndsTheStream) {
  Make();
  const WrongHead cases[] = {
      {"no import id", [](auto& chunk) { chunk.clear_import_id(); }, "import_id", "REQUIRED"},
      {"no UUID", [](auto& chunk) { chunk.set_import_id("1"); }, "import_id", "IMPORT_ID_INVALID"},
      {"negative", [](auto& chunk) { chunk.set_position(-1); }, "position", "POSITION_INVALID"},
      {"no rows", [](auto& chunk) { chunk.clear_requests(); }, "requests", "REQUIRED"},
      {"too many rows",
       [](auto& chunk) {
         for (int i = 0; i < kChunkRowsMax; ++i) chunk.add_requests();
       },
       "requests", "TOO_MANY"}};
  for (const WrongHead& wrong : cases) {
    SCOPED_TRACE(wrong.what);
    auto chunk = ChunkAt(0, {Row("a")});
    wrong.spoil(chunk);
    ImportClient client(handler_);

    client.Send(chunk);

    EXPECT_THAT(client.stream().AwaitEnd(), HasViolation(wrong.field, wrong.reason));
  }
}

TEST_F(ImportSessionTest, ChunksComeWithoutGaps) {
  Make();
  ImportClient client(handler_);
  client.Send(ChunkAt(3, {Row("a")}));
  client.Send(ChunkAt(5, {Row("b")}));

  EXPECT_THAT(client.stream().AwaitEnd(), HasViolation("position", "POSITION_INVALID"));
}

TEST_F(ImportSessionTest, OneStreamIsOneImport) {
  Make();
  ImportClient client(handler_);
  auto other = ChunkAt(1, {Row("b")});
  other.set_import_id("8b1a9953-c461-4b6a-a1a6-0b4a00000002");
  client.Send(ChunkAt(0, {Row("a")}));
  client.Send(other);

  EXPECT_THAT(client.stream().AwaitEnd(), HasViolation("import_id", "IMPORT_ID_INVALID"));
}

TEST_F(ImportSessionTest, NoMoreImportsAtATimeThanAllowed) {
  Make({.open_max = 1});
  auto first = std::make_unique<ImportClient>(handler_);

  EXPECT_THAT(ImportClient(handler_).refused(),
              StatusIs(absl::StatusCode::kResourceExhausted, "TOO_MANY_IMPORTS"));

  first.reset();
  EXPECT_THAT(ImportClient(handler_).refused(), IsOk());
}

TEST_F(ImportSessionTest, AnImportThatFallsSilentMakesRoom) {
  Make({.silence = milliseconds(50)});
  ImportClient client(handler_);

  EXPECT_THAT(client.stream().AwaitEnd(), StatusIs(absl::StatusCode::kAborted, "IMPORT_SILENT"));
}

TEST_F(ImportSessionTest, AnImportWhoseResultsNobodyTakesMakesRoom) {
  Make({.silence = milliseconds(50)});
  ImportClient client(handler_);
  client.stream().SetRoom(0);

  client.Send(ChunkAt(0, {Row("a")}));

  EXPECT_THAT(client.stream().AwaitEnd(), StatusIs(absl::StatusCode::kAborted, "IMPORT_SILENT"));
}

TEST_F(ImportSessionTest, ABusyImportKeepsNoSilentOneInItsPlace) {
  Make({.silence = milliseconds(50)});
  ImportClient silent(handler_);
  // One step follows the other, so that no thread ever waits for one.
  std::function<void()> step = [&] { imports_->Submit(step); };
  for (int thread = 0; thread < 2; ++thread) imports_->Submit(step);

  EXPECT_THAT(silent.stream().AwaitEnd(), StatusIs(absl::StatusCode::kAborted, "IMPORT_SILENT"));
  imports_->Stop();
}

TEST_F(ImportSessionTest, AnImportWithoutChunksEndsWell) {
  Make();
  ImportClient client(handler_);

  EXPECT_THAT(client.Close(), IsOk());
  EXPECT_THAT(client.results(), SizeIs(0));
}

}  // namespace
}  // namespace lotura::resource
