// Imports through the whole engine, on a real server.
#include <gmock/gmock.h>

#include "libs/resource/import_chunk.h"
#include "libs/resource/testdata/engine_bench.h"
#include "libs/resource/testdata/import_client.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using namespace testdata;  // NOLINT(google-build-using-namespace): the bench that this file is
                           // about
using ::lotura::testing::IsOk;
using ::testing::SizeIs;

class ImportTest : public ::testing::Test {
 protected:
  std::vector<ImportClient::Result> Import(const std::vector<v1::ImportWidgetsRequest>& chunks) {
    ImportClient client(engine_.import());
    for (const auto& chunk : chunks) client.Send(chunk);
    EXPECT_THAT(client.Close(), IsOk());
    return client.results();
  }
  std::string Text(const std::string& statement) {
    return engine_.reads()
        .Read(Deadline::After(std::chrono::seconds(10)),
              [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
                return testing::Select(tx, statement).String(0, 0);
              })
        .value();
  }

  EngineBench engine_;
};

TEST_F(ImportTest, AnImportedRecordIsAsACreatedOne) {
  auto row = Row("imported", "one@example.org");
  row.mutable_widget()->add_tags("x");
  row.mutable_widget()->mutable_amount()->set_units(5);
  row.mutable_widget()->mutable_amount()->set_currency_code("EUR");
  const auto results = Import({ChunkAt(0, {row})});
  row.set_widget_id("created");
  row.mutable_widget()->set_email("two@example.org");
  ASSERT_THAT(engine_.Create(row), IsOk());

  auto imported = engine_.Get("widgets/imported").value();
  auto created = engine_.Get("widgets/created").value();
  EXPECT_EQ(results.at(0).rows(0).etag(), imported.etag());
  for (v1::Widget* widget : {&imported, &created}) {
    widget->clear_name();
    widget->clear_create_time();
    widget->clear_update_time();
    widget->clear_email();
  }
  EXPECT_EQ(imported.DebugString(), created.DebugString());
}

TEST_F(ImportTest, GoodAndBadRowsAreToldApart) {
  ASSERT_THAT(engine_.Create(NewWidget("taken")), IsOk());
  auto nameless = Row("b");
  nameless.mutable_widget()->clear_display_name();
  auto homeless = Row("c");
  homeless.mutable_widget()->set_part_of("widgets/nowhere");
  auto strange = Row("d");
  strange.mutable_widget()->set_owner("//directory.lotura/users/nobody");

  const auto results = Import({ChunkAt(0, {Row("a", "a@example.org"), nameless, homeless, strange,
                                           Row("taken"), Row("e", "A@example.org"), Row("f")})});

  EXPECT_EQ(Told(results.at(0)),
            "widgets/a REQUIRED REFERENCE_NOT_FOUND REFERENCE_NOT_FOUND ID_TAKEN MATCH_KEY_TAKEN "
            "widgets/f");
  EXPECT_EQ(engine_.Count("widget"), 3);
  EXPECT_EQ(engine_.Count("match_key"), 1);
}

TEST_F(ImportTest, ManyChunksAreThereOnceHoweverOftenTheyCome) {
  std::vector<v1::ImportWidgetsRequest> chunks;
  for (int chunk = 0; chunk < 5; ++chunk) {
    std::vector<v1::CreateWidgetRequest> rows;
    for (int i = 0; i < kChunkRowsMax; ++i)
      rows.push_back(Row("", fmt::format("m{}@example.org", chunk * kChunkRowsMax + i)));
    chunks.push_back(ChunkAt(chunk, rows));
  }

  const auto first = Import(chunks);
  const auto second = Import(chunks);

  ASSERT_THAT(second, SizeIs(5));
  for (std::size_t i = 0; i < first.size(); ++i)
    EXPECT_EQ(first[i].SerializeAsString(), second[i].SerializeAsString());
  EXPECT_EQ(engine_.Count("widget"), 5000);
  EXPECT_EQ(engine_.Count("journal"), 5000);
}

TEST_F(ImportTest, TheJournalNamesTheImportAndTheMethod) {
  Import({ChunkAt(0, {Row("a")})});

  EXPECT_EQ(Text("SELECT concat_ws(' ', request_id, method, type, version) FROM journal"),
            fmt::format("{} lotura.testdata.v1.WidgetService/ImportWidgets "
                        "lotura.testdata.widget.created.v1 1",
                        ImportClient::kImport));
}

TEST_F(ImportTest, AReferenceToAnEarlierChunkHolds) {
  auto part = Row("part");
  part.mutable_widget()->set_part_of("widgets/whole");

  const auto results = Import({ChunkAt(0, {Row("whole")}), ChunkAt(1, {part})});

  EXPECT_EQ(Told(results.at(1)), "widgets/part");
}

TEST_F(ImportTest, ADryRunTellsTheSameAndWritesNothing) {
  auto chunk = ChunkAt(0, {Row("a", "a@example.org"), Row("b", "a@example.org"), Row("a")});
  chunk.set_validate_only(true);

  EXPECT_EQ(Told(Import({chunk}).at(0)), "widgets/a MATCH_KEY_TAKEN ID_TAKEN");

  EXPECT_EQ(engine_.Count("widget"), 0);
  EXPECT_EQ(engine_.Count("request"), 0);
}

TEST_F(ImportTest, TwoImportsAtATimeAreBothDone) {
  std::vector<v1::ImportWidgetsRequest> chunks;
  for (int i = 0; i < 10; ++i) chunks.push_back(ChunkAt(i, {Row(fmt::format("a{}", i))}));
  std::jthread other([&] {
    for (auto chunk : chunks) {
      chunk.set_import_id("8b1a9953-c461-4b6a-a1a6-0b4a00000002");
      chunk.mutable_requests(0)->set_widget_id(fmt::format("b{}", chunk.position()));
      Import({chunk});
    }
  });

  EXPECT_THAT(Import(chunks), SizeIs(10));

  other.join();
  EXPECT_EQ(engine_.Count("widget"), 20);
}

}  // namespace
}  // namespace lotura::resource
