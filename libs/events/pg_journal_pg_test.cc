// The journal's contract kept in PostgreSQL, and its days and epochs. tsan
#include "libs/events/pg_journal.h"

#include <array>

#include "libs/events/journal_rows.h"
#include "libs/events/queries.sql.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/journal_contract.h"
#include "libs/testing/select.h"

namespace lotura::events {

class PgJournalBackend {
 public:
  Journal& journal() { return journal_; }
  std::unique_ptr<testing::OpenWrite> Begin() {
    return std::make_unique<testing::PgOpenWrite>(schema_.database());
  }
  void Pass(std::chrono::milliseconds /*span*/) {}

 private:
  testing::EventsSchema schema_;
  SystemClock clock_;
  PgJournal journal_{schema_.database(), clock_};
};

namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::IsOk;
using ::std::chrono::days;
using ::std::chrono::hours;
using ::std::chrono::minutes;

class PgJournalTest : public ::testing::Test {
 protected:
  PgJournalTest() {
    for (int day = 0; day < 3; ++day) AddDay(Monday() + days(day));
  }

  // Of the FakeClock: it stands at noon of that day.
  static Day Monday() { return std::chrono::year{2026} / 1 / 15; }
  static Instant At(int day, std::chrono::microseconds time) {
    return Instant(Monday()) + days(day) + time;
  }

  void AddDay(Day day) {
    const std::chrono::year_month_day date(day);
    schema_.Run(fmt::format("SELECT add_day_partition('journal', '{:04}-{:02}-{:02}')",
                            static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                            static_cast<unsigned>(date.day())));
  }

  void Write(const std::string& name, std::int64_t version, Instant time) {
    testing::PgOpenWrite write(schema_.database());
    write.AddAt(EntryOf(ids_, name, version), time);
    write.Commit();
  }

  std::vector<std::int64_t> Read(JournalReader& reader) {
    std::vector<std::int64_t> versions;
    const auto entries = reader.Read(position_, {}, AMinute()).value();
    for (const JournalEntry& entry : entries) {
      versions.push_back(entry.version);
      position_ = entry.position;
    }
    return versions;
  }

  void WriteMany() {
    schema_.Run(
        "INSERT INTO journal (create_time, tenant_id, event_id, name, type, resource_type, "
        "version, kind) SELECT '2026-01-15', gen_random_uuid(), gen_random_uuid(), g::text, '', "
        "'', 1, 1 FROM generate_series(1, 20000) g");
  }

  // Entries of indexes that were read so far.
  std::int64_t EntriesLookedAt() {
    schema_.Run("SELECT pg_stat_force_next_flush()");
    return schema_.Number(
        "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname LIKE "
        "'journal_%'");
  }

  using Versions = std::vector<std::int64_t>;

  testing::EventsSchema schema_;
  testing::FakeClock clock_;
  testing::FakeIds ids_;
  PgJournal journal_{
      schema_.database(), clock_, {.late = minutes(10), .refresh = std::chrono::milliseconds(0)}};
  std::unique_ptr<JournalReader> reader_ = journal_.NewReader();
  Position position_;
};

TEST_F(PgJournalTest, TransactionFromYesterdayIsReadBetweenThoseOfToday) {
  clock_.Advance(hours(12) + minutes(1));
  testing::PgOpenWrite yesterday(schema_.database());
  testing::PgOpenWrite today(schema_.database());
  today.AddAt(EntryOf(ids_, "o", 1), At(1, minutes(1)));
  yesterday.AddAt(EntryOf(ids_, "o", 2), At(0, hours(23)));
  Write("o", 3, At(1, minutes(1)));
  today.Commit();
  yesterday.Commit();

  EXPECT_EQ(Read(*reader_), (Versions{1, 2, 3}));
}

TEST_F(PgJournalTest, DayIsReadUntilTheLastTransactionThatBeganInItHasEnded) {
  testing::PgOpenWrite late(schema_.database());
  late.Touch();
  clock_.Advance(hours(13));
  Write("o", 1, At(1, hours(1)));
  for (int i = 0; i < 3; ++i) Read(*reader_);
  Write("o", 2, At(1, hours(1)));
  EXPECT_EQ(Read(*reader_), (Versions{2}));

  late.AddAt(EntryOf(ids_, "p", 3), At(0, hours(23)));
  late.Commit();

  EXPECT_EQ(Read(*reader_), (Versions{3}));
}

TEST_F(PgJournalTest, DayThatWasReadToItsEndIsLeft) {
  Write("o", 1, At(0, hours(11)));
  Write("o", 2, At(1, hours(1)));
  clock_.Advance(hours(13));
  for (int i = 0; i < 3; ++i) Read(*reader_);

  // Nothing but a test writes into the past like this.
  Write("o", 3, At(0, hours(11)));

  EXPECT_EQ(Read(*reader_), Versions{});
}

TEST_F(PgJournalTest, DayIsNotLeftWhileTheReaderHasNotReadAllOfIt) {
  Write("o", 1, At(0, hours(11)));
  Write("o", 2, At(0, hours(11)));
  clock_.Advance(hours(13));

  for (int i = 0; i < 5; ++i) {
    const auto entries = reader_->Read({}, {.entries = 1}, AMinute()).value();
    ASSERT_EQ(entries.size(), 1);
  }

  EXPECT_EQ(Read(*reader_), (Versions{1, 2}));
}

TEST_F(PgJournalTest, NewReaderReadsEveryDayFromItsPositionOn) {
  for (int day = 0; day < 3; ++day) Write("o", day + 1, At(day, hours(1)));
  clock_.Advance(days(2));

  EXPECT_EQ(Read(*journal_.NewReader()), (Versions{1, 2, 3}));
}

TEST_F(PgJournalTest, SameDatabaseStaysInItsEpoch) {
  EXPECT_EQ(EnsureEpoch(schema_.database(), AMinute()).value(), 1);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM journal_epoch"), 1);
}

TEST_F(PgJournalTest, RestoredDatabaseContinuesInAHigherEpoch) {
  Write("o", 1, At(0, hours(11)));
  Write("o", 2, At(0, hours(11)));
  ASSERT_EQ(Read(*reader_), (Versions{1, 2}));
  const Position before = position_;
  schema_.Run("UPDATE journal_epoch SET origin = 'another cluster/00000001'");

  ASSERT_EQ(EnsureEpoch(schema_.database(), AMinute()).value(), 2);
  Write("o", 3, At(0, hours(11)));

  EXPECT_EQ(Read(*reader_), (Versions{3}));
  EXPECT_EQ(position_.epoch, 2);
  EXPECT_GT(position_, before);
  EXPECT_EQ(EnsureEpoch(schema_.database(), AMinute()).value(), 2);
}

TEST_F(PgJournalTest, WhoeverTakesALeaseInARestoredDatabaseBeginsTheEpoch) {
  schema_.Run("UPDATE journal_epoch SET origin = 'another cluster/00000001'");

  ASSERT_THAT(journal_.Acquire("kafka", ids_.Next(), minutes(1), AMinute()), IsOk());

  EXPECT_EQ(schema_.Number("SELECT max(epoch) FROM journal_epoch"), 2);
}

TEST_F(PgJournalTest, EntriesOfTheOldClusterAreReadThoughTheirNumbersAreAheadOfTheHorizon) {
  // A dump keeps the numbers of the cluster that it was taken from.
  Write("o", 1, At(0, hours(11)));
  schema_.Run("UPDATE journal SET xid = '900000000000'");
  Write("o", 2, At(0, hours(11)));
  schema_.Run("UPDATE journal SET xid = '900000000001' WHERE version = 2");
  schema_.Run("UPDATE journal_epoch SET origin = 'another cluster/00000001'");
  EXPECT_EQ(Read(*reader_), Versions{});
  ASSERT_EQ(EnsureEpoch(schema_.database(), AMinute()).value(), 2);
  Write("o", 3, At(0, hours(11)));

  EXPECT_EQ(Read(*reader_), (Versions{1, 2}));
  EXPECT_EQ(Read(*reader_), (Versions{3}));
}

TEST_F(PgJournalTest, BacklogCountsEveryOpenDay) {
  clock_.Advance(hours(13));
  Write("o", 1, At(1, minutes(5)));
  Write("o", 2, At(0, hours(23)));

  EXPECT_EQ(reader_->Inspect({}, AMinute()).value().oldest, At(1, minutes(5)));
}

TEST_F(PgJournalTest, BacklogGoesOnIntoTheEpochAfterThatOfThePosition) {
  Write("o", 1, At(0, hours(11)));
  ASSERT_EQ(Read(*reader_), (Versions{1}));
  schema_.Run("UPDATE journal_epoch SET origin = 'another cluster/00000001'");
  ASSERT_EQ(EnsureEpoch(schema_.database(), AMinute()).value(), 2);
  EXPECT_EQ(reader_->Inspect(position_, AMinute()).value().oldest, std::nullopt);

  Write("o", 2, At(0, hours(11)));

  EXPECT_EQ(reader_->Inspect(position_, AMinute()).value().oldest, At(0, hours(11)));
}

// Whatever the server knew of the leaf when it made its plan.
TEST_F(PgJournalTest, ALeafThatGrewIsReadNoFurtherThanTheLimit) {
  Write("o", 1, At(0, hours(1)));
  ASSERT_EQ(Read(*reader_), (Versions{1}));
  WriteMany();
  const std::int64_t before = EntriesLookedAt();

  const auto entries = reader_->Read(position_, {.entries = 10}, AMinute());

  EXPECT_EQ(entries.value().size(), 10U);
  EXPECT_LT(EntriesLookedAt() - before, 100);
}

TEST_F(PgJournalTest, LeavesAreReadByTheirIndexAndNoFurtherThanTheLimit) {
  WriteMany();
  schema_.Run("ANALYZE journal");
  const std::array<Day, 2> both{Monday(), Monday() + days(1)};
  const std::string prepare = fmt::format("PREPARE reading AS {}", ReadStatement(both));

  const auto plan =
      schema_.database().Read(AMinute(), [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
        tx.RunScript(prepare);
        const pg::Rows rows = testing::Select(
            tx, "EXPLAIN (ANALYZE, TIMING OFF) EXECUTE reading(1, '7', 1, '0', 10, 1000000)");
        std::string text;
        for (std::size_t i = 0; i < rows.size(); ++i) text += rows.String(i, 0) + "\n";
        return text;
      });

  EXPECT_NE(plan->find("Index Scan using journal_20260115_xid_seq_idx"), std::string::npos)
      << *plan;
  EXPECT_NE(plan->find("Index Scan using journal_20260116_xid_seq_idx"), std::string::npos)
      << *plan;
  EXPECT_EQ(plan->find("actual rows=20000"), std::string::npos) << *plan;
  EXPECT_EQ(plan->find("Seq Scan"), std::string::npos) << *plan;
}

TEST_F(PgJournalTest, EveryQueryPreparesAgainstTheMigratedSchema) {
  schema_.Run("CREATE TABLE journal_leaf (LIKE journal)");
  schema_.Run("CREATE TABLE projection_table (name text)");
  for (const pg::Query* query : sql::kAll) {
    // They are no statements until the leaves stand in them; those who fill them in test them.
    const std::string_view name = query->name;
    if (name == "events.BoundRead" || name.starts_with("events.History")) continue;
    schema_.Run(fmt::format("PREPARE checked AS {}; DEALLOCATE checked", query->text));
  }
}

}  // namespace
}  // namespace lotura::events

namespace lotura::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(Pg, JournalContract, events::PgJournalBackend);

}  // namespace lotura::testing
