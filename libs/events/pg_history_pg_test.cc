// The contract of a history kept in PostgreSQL, and its days and epochs.
#include "libs/events/pg_history.h"

#include "libs/testing/events_schema.h"
#include "libs/testing/history_contract.h"

namespace lotura::events {

class PgHistoryBackend {
 public:
  History& history() { return history_; }
  std::unique_ptr<testing::OpenWrite> Begin() {
    return std::make_unique<testing::PgOpenWrite>(schema_.database());
  }

 private:
  testing::EventsSchema schema_;
  SystemClock clock_;
  // Few entries at a time, so that most reads end before the journal does.
  PgHistory history_{
      schema_.database(), clock_, {.refresh = std::chrono::milliseconds(0), .scan = 3}};
};

namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::days;
using ::std::chrono::hours;
using ::std::chrono::minutes;

using Versions = std::vector<std::int64_t>;

class PgHistoryTest : public ::testing::Test {
 protected:
  // Of the FakeClock.
  static Day First() { return std::chrono::year{2026} / 1 / 15; }
  static Instant At(int day, std::chrono::microseconds time) {
    return Instant(First()) + days(day) + time;
  }

  void AddDays(int count) {
    for (int day = 0; day < count; ++day)
      schema_.Run(fmt::format("SELECT add_day_partition('journal', '2026-01-{:02}')", 15 + day));
  }

  void Write(std::int64_t version, Instant time) {
    testing::PgOpenWrite write(schema_.database());
    write.AddAt(EntryOf(ids_, "o", version), time);
    write.Commit();
  }

  Versions ReadAll(Cursor& cursor, std::size_t entries) {
    Versions versions;
    for (;;) {
      const auto batch = history_.Read(query_, cursor, {.entries = entries}, AMinute());
      EXPECT_THAT(batch.status(), IsOk());
      if (!batch.ok()) return versions;
      for (const JournalEntry& entry : batch->entries) versions.push_back(entry.version);
      cursor = batch->next;
      ++reads_;
      if (batch->at_end) return versions;
    }
  }

  Cursor Earliest() { return history_.Bounds(AMinute()).value().earliest; }

  testing::EventsSchema schema_;
  testing::FakeClock clock_;
  testing::FakeIds ids_;
  PgHistory history_{schema_.database(), clock_, {.refresh = std::chrono::milliseconds(0)}};
  const HistoryQuery query_{.tenant = EntryOf(ids_, "o", 1).tenant,
                            .resource_types = {"lotura.sales.v1.Opportunity"}};
  int reads_ = 0;
};

TEST_F(PgHistoryTest, EntriesOfManyDaysComeInTheOrderOfTheirTransactions) {
  AddDays(5);
  Versions written;
  for (int day = 0; day < 5; ++day) {
    for (int i = 0; i < 4; ++i) {
      written.push_back(day * 10 + i);
      Write(written.back(), At(day, hours(12)));
      // Each night goes on with transactions that began before midnight.
      if (day > 0 && i < 2) {
        written.push_back(1000 + day * 10 + i);
        Write(written.back(), At(day - 1, hours(23)));
      }
    }
  }

  for (const std::size_t entries : {1, 3, 1000}) {
    Cursor cursor = Earliest();
    EXPECT_EQ(ReadAll(cursor, entries), written) << entries;
  }
}

TEST_F(PgHistoryTest, ATransactionOfThreeDaysIsReadInItsPlace) {
  AddDays(4);
  Write(1, At(0, hours(12)));
  Write(2, At(1, hours(12)));
  Write(3, At(2, hours(12)));
  Write(4, At(0, hours(13)));
  Write(5, At(3, hours(12)));
  Cursor cursor = Earliest();

  EXPECT_EQ(ReadAll(cursor, 2), (Versions{1, 2, 3, 4, 5}));
}

TEST_F(PgHistoryTest, ATokenOfADayThatWasDroppedHasExpiredAndOneOfALaterDayHasNot) {
  AddDays(3);
  Write(1, At(0, hours(12)));
  Cursor old = Earliest();
  const auto first = history_.Read(query_, old, {.entries = 1}, AMinute()).value();
  Write(2, At(1, hours(12)));
  const auto second = history_.Read(query_, first.next, {.entries = 1}, AMinute()).value();
  Write(3, At(2, hours(12)));

  schema_.Run("SELECT drop_day_partition('journal', '2026-01-15')");

  EXPECT_THAT(history_.Read(query_, first.next, {}, AMinute()).status(),
              StatusIs(absl::StatusCode::kOutOfRange, "EVENTS_EXPIRED"));
  Cursor later = second.next;
  EXPECT_EQ(ReadAll(later, 10), Versions{3});
  Cursor earliest = Earliest();
  EXPECT_EQ(ReadAll(earliest, 10), (Versions{2, 3}));
}

TEST_F(PgHistoryTest, ANewEpochIsReadBehindTheOldOne) {
  AddDays(1);
  Write(1, At(0, hours(12)));
  Cursor cursor = Earliest();
  EXPECT_EQ(ReadAll(cursor, 10), Versions{1});
  schema_.Run(
      "INSERT INTO journal_epoch (epoch, first_xid, origin) VALUES (2, '3', 'elsewhere'); "
      "ALTER TABLE journal ALTER COLUMN epoch SET DEFAULT 2");
  Write(2, At(0, hours(13)));

  EXPECT_EQ(ReadAll(cursor, 10), Versions{2});
  Cursor earliest = Earliest();
  EXPECT_EQ(ReadAll(earliest, 1), (Versions{1, 2}));
}

TEST_F(PgHistoryTest, AnotherTenantsFloodCostsABoundedReadEach) {
  AddDays(1);
  PgHistory narrow(schema_.database(), clock_, {.scan = 10});
  for (int i = 0; i < 35; ++i) Write(i, At(0, hours(12)));
  HistoryQuery other = query_;
  other.tenant.value.bytes[0] ^= 1;
  Cursor cursor = Earliest();
  int reads = 0;

  for (bool at_end = false; !at_end; ++reads) {
    const auto batch = narrow.Read(other, cursor, {.entries = 5}, AMinute()).value();
    EXPECT_TRUE(batch.entries.empty());
    cursor = batch.next;
    at_end = batch.at_end;
  }

  EXPECT_EQ(reads, 5);
}

}  // namespace
}  // namespace lotura::events

namespace lotura::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(Pg, HistoryContract, events::PgHistoryBackend);

}  // namespace lotura::testing
