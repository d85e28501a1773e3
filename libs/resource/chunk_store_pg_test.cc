// Rows that are committed together, in PostgreSQL and in memory alike.
#include <gmock/gmock.h>

#include "libs/resource/testdata/store_bench.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using testdata::CallAs;

template <typename Backend>
class ChunkContract : public testdata::StoreBench<Backend> {
 protected:
  Chunk Of(const std::vector<Unit>& rows, std::uint8_t id = 1, std::uint8_t hash = 1) {
    Chunk chunk{std::make_shared<const Call>(this->call_), {}, rows};
    chunk.request.id.bytes[0] = id;
    chunk.request.hash[0] = hash;
    return chunk;
  }
  // What became of each row, one letter for each: committed, name taken, key taken, gone.
  static std::string Letters(const Outcomes& outcomes) {
    std::string letters;
    for (const auto& outcome : outcomes) {
      if (!outcome.ok()) return outcome.status().ToString();
      switch (outcome->verdict) {
        case Verdict::kCommitted:
          letters += "C";
          break;
        case Verdict::kNameTaken:
          letters += "N";
          break;
        case Verdict::kMatchKeyTaken:
          letters += "K";
          break;
        case Verdict::kReferenceGone:
          letters += "G";
          break;
        default:
          letters += "?";
      }
    }
    return letters;
  }
  // The letters, or the reason of an error, behind "again " for what was committed before.
  std::string CommitRows(const Chunk& chunk) {
    const auto outcome = this->backend_.store().CommitRows(
        chunk,
        [](const Outcomes& rows) {
          return Answer{Letters(rows), ""};
        },
        this->Soon());
    if (!outcome.ok()) return ReasonOf(outcome.status());
    if (outcome->verdict == Verdict::kRequestReused) return "reused";
    return (outcome->verdict == Verdict::kReplayed ? "again " : "") + outcome->answer.plain;
  }
  std::string CheckRows(const Chunk& chunk) {
    const auto outcomes = this->backend_.store().CheckRows(chunk, this->Soon());
    return outcomes.ok() ? Letters(*outcomes) : ReasonOf(outcomes.status());
  }
  Unit Row(const std::string& id, const std::string& email = "") {
    return this->Create(this->NewWidget(id, email));
  }
};

TYPED_TEST_SUITE(ChunkContract, testdata::StoreBackends);

TYPED_TEST(ChunkContract, RowsThatAreInTheWayOfOthersAreLeftOut) {
  this->CommitOne(this->Row("old", "old@example.org"));

  EXPECT_EQ(this->CommitRows(this->Of({this->Row("a", "a@example.org"), this->Row("old"),
                                       this->Row("b", "OLD@example.org"), this->Row("c"),
                                       this->Row("c"), this->Row("d", "a@example.org")})),
            "CNKCNK");

  EXPECT_TRUE(this->Load("a").has_value());
  EXPECT_FALSE(this->Load("b").has_value());
  EXPECT_EQ(this->backend_.CountJournal(), 3);
}

TYPED_TEST(ChunkContract, ChunksBehindOneWithRowsInTheWayAreCommittedAsWell) {
  this->CommitOne(this->Row("old", "old@example.org"));

  EXPECT_EQ(this->CommitRows(this->Of({this->Row("a"), this->Row("b")}, 1)), "CC");
  EXPECT_EQ(this->CommitRows(this->Of({this->Row("c"), this->Row("a")}, 2)), "CN");
  EXPECT_EQ(this->CommitRows(this->Of({this->Row("old"), this->Row("old")}, 3)), "NN");
  EXPECT_EQ(this->CommitRows(this->Of({this->Row("d", "old@example.org"), this->Row("e")}, 4)),
            "KC");
  EXPECT_EQ(this->CommitRows(this->Of({this->Row("f"), this->Row("g")}, 5)), "CC");

  EXPECT_EQ(this->backend_.CountJournal(), 7);
}

TYPED_TEST(ChunkContract, AKeyOfARowThatWasLeftOutIsFreeForTheNext) {
  this->CommitOne(this->Row("old"));

  EXPECT_EQ(
      this->CommitRows(this->Of({this->Row("old", "a@example.org"), this->Row("b", "a@example.org"),
                                 this->Row("c", "a@example.org")})),
      "NCK");
}

TYPED_TEST(ChunkContract, AChunkThatComesAgainIsAnsweredAsBefore) {
  EXPECT_EQ(this->CommitRows(this->Of({this->Row("a"), this->Row("a")})), "CN");

  EXPECT_EQ(this->CommitRows(this->Of({this->Row("b"), this->Row("c")})), "again CN");
  EXPECT_EQ(this->CommitRows(this->Of({this->Row("b")}, 1, 2)), "reused");
  EXPECT_EQ(this->backend_.CountJournal(), 1);
}

TYPED_TEST(ChunkContract, IsToldWhenTheRowsAreWrittenAndNotWhenTheyWereBefore) {
  int told = 0;
  for (int i = 0; i < 2; ++i) {
    Chunk chunk = this->Of({this->Row("a")});
    chunk.written = [&] {
      EXPECT_TRUE(this->Load("a").has_value());
      ++told;
    };
    this->CommitRows(chunk);
    EXPECT_EQ(told, 1);
  }
}

TYPED_TEST(ChunkContract, AChunkWithoutAGoodRowIsRememberedToo) {
  EXPECT_EQ(this->CommitRows(this->Of({})), "");
  EXPECT_EQ(this->CommitRows(this->Of({})), "again ");
}

TYPED_TEST(ChunkContract, ATrialTellsTheSameAndWritesNothing) {
  this->CommitOne(this->Row("old", "old@example.org"));
  const Chunk chunk = this->Of(
      {this->Row("a"), this->Row("a"), this->Row("b", "old@example.org"), this->Row("old")});

  EXPECT_EQ(this->CheckRows(chunk), "CNKN");
  EXPECT_EQ(this->CheckRows(chunk), "CNKN");
  EXPECT_EQ(this->backend_.CountJournal(), 1);
}

TYPED_TEST(ChunkContract, AnAnswerThatCannotBeGivenWritesNothing) {
  const auto outcome = this->backend_.store().CommitRows(
      this->Of({this->Row("a")}),
      [](const Outcomes&) -> absl::StatusOr<Answer> {
        return ResourceExhausted("RESPONSE_TOO_LARGE", "too large", 0);
      },
      this->Soon());

  EXPECT_THAT(outcome, StatusIs(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE"));
  EXPECT_FALSE(this->Load("a").has_value());
  EXPECT_EQ(this->CommitRows(this->Of({this->Row("a")})), "C");
}

TYPED_TEST(ChunkContract, TwoUpdatesOfOneRecordDoNotOverwriteEachOther) {
  const auto widget = this->NewWidget("a");
  this->CommitOne(this->Create(widget));
  const auto outcomes = this->backend_.store().CheckRows(
      this->Of({this->Update(widget, this->NewWidget("a", "x@example.org"), 2),
                this->Update(widget, this->NewWidget("a", "y@example.org"), 2)}),
      this->Soon());

  ASSERT_THAT(outcomes, IsOk());
  EXPECT_EQ((*outcomes)[0]->verdict, Verdict::kCommitted);
  EXPECT_EQ((*outcomes)[1]->verdict, Verdict::kStale);
}

// What only a database knows: its foreign keys, and what others do meanwhile.
class ChunkPgTest : public ChunkContract<testdata::InPostgres> {
 protected:
  Unit Part(const std::string& id, const std::string& whole) {
    const auto widget = NewWidget(id);
    widget->set_part_of("widgets/" + whole);
    return Create(widget);
  }
};

TEST_F(ChunkPgTest, RowsThatFailTheStatementAreFoundAndLeftOut) {
  std::vector<Unit> rows;
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const bool bad = i == 3 || i == 50 || i == 99;
    rows.push_back(bad ? Part(fmt::format("w{}", i), "nowhere") : Row(fmt::format("w{}", i)));
    expected += bad ? "G" : "C";
  }

  EXPECT_EQ(CheckRows(Of(rows)), expected);
  EXPECT_EQ(CommitRows(Of(rows)), expected);
  EXPECT_EQ(backend_.CountJournal(), 97);
}

TEST_F(ChunkPgTest, ChunksThatTakeTheSameKeysAtTheSameTimeGiveEachToOne) {
  constexpr int kRows = 200;
  std::vector<std::string> letters(4);
  std::vector<Chunk> chunks;
  for (int chunk = 0; chunk < 4; ++chunk) {
    std::vector<Unit> rows;
    for (int i = 0; i < kRows; ++i)
      rows.push_back(Row(fmt::format("c{}w{}", chunk, i), fmt::format("m{}@example.org", i)));
    chunks.push_back(Of(rows, static_cast<std::uint8_t>(chunk + 1)));
  }
  {
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < chunks.size(); ++i)
      callers.emplace_back([&, i] { letters[i] = CommitRows(chunks[i]); });
  }

  std::ptrdiff_t committed = 0;
  for (const std::string& one : letters) {
    EXPECT_EQ(one.size(), kRows) << one;
    committed += std::ranges::count(one, 'C');
  }
  EXPECT_EQ(committed, kRows);
  EXPECT_EQ(backend_.CountJournal(), kRows);
}

TEST_F(ChunkPgTest, OneChunkThatIsSentTwiceAtTheSameTimeIsDoneOnce) {
  std::vector<std::string> told(4);
  {
    std::vector<std::jthread> callers;
    for (std::string& one : told) {
      // Each sender makes names of its own.
      callers.emplace_back(
          [&, row = Row(fmt::format("w{}", &one - told.data()))] { one = CommitRows(Of({row})); });
    }
  }

  EXPECT_EQ(std::ranges::count(told, "C"), 1);
  EXPECT_EQ(std::ranges::count(told, "again C"), 3);
  EXPECT_EQ(backend_.CountJournal(), 1);
}

}  // namespace
}  // namespace lotura::resource
