// Days ahead and days gone. tsan
#include "libs/events/upkeep.h"

#include "libs/events/pg_journal.h"
#include "libs/testing/events_schema.h"

namespace lotura::events {
namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::days;

class UpkeepTest : public ::testing::Test {
 protected:
  UpkeepTest() { clock_.Advance(SystemClock().Now() - clock_.Now()); }

  UpkeepStep NewStep() {
    return UpkeepStep({.holder = ids_.Next(), .journal_days = days(3), .inbox_days = days(3)},
                      schema_.database(), journal_, clock_, metrics_, log_);
  }

  std::vector<Day> Days(const std::string& table) {
    return schema_.database()
        .Read(AMinute(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::vector<Day>> { return DaysOf(tx, table); })
        .value();
  }

  // Publishes all there is.
  void PublishAll() {
    const auto reader = journal_.NewReader();
    const auto lease =
        journal_.Acquire("kafka", ids_.Next(), std::chrono::minutes(1), AMinute()).value();
    const auto entries = reader->Read({}, {}, AMinute()).value();
    const Position end = entries.empty() ? Position{.epoch = 1, .xid = 1} : entries.back().position;
    ASSERT_THAT(journal_.SaveCursor("kafka", end, *lease, AMinute()), IsOk());
    ASSERT_THAT(journal_.Release(*lease, AMinute()), IsOk());
  }

  void WriteToday() {
    testing::PgOpenWrite write(schema_.database());
    write.AddAt(EntryOf(ids_, "o", 1), clock_.Now());
    write.Commit();
  }

  double Ahead(const std::string& table) const {
    const std::string series =
        fmt::format("lotura_partitions_ahead{{service=\"sales\",table=\"{}\"}} ", table);
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find(series);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size()));
  }

  testing::EventsSchema schema_;
  testing::FakeClock clock_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  PgJournal journal_{schema_.database(), clock_};
};

TEST_F(UpkeepTest, MigratedSchemaHasTheDaysItNeeds) {
  const std::vector<std::string> tables = {"journal", "inbox"};
  EXPECT_THAT(CheckPartitions(schema_.database(), tables, DayOf(clock_.Now()), AMinute()), IsOk());
  EXPECT_THAT(
      CheckPartitions(schema_.database(), tables, DayOf(clock_.Now()) + days(30), AMinute()),
      StatusIs(absl::StatusCode::kFailedPrecondition, "PARTITION_MISSING"));
}

TEST_F(UpkeepTest, DaysAheadAreMadeAndMeasured) {
  clock_.Advance(days(5));

  NewStep().Run();

  EXPECT_EQ(Days("journal").back(), DayOf(clock_.Now()) + days(7));
  EXPECT_EQ(Days("inbox").back(), DayOf(clock_.Now()) + days(7));
  EXPECT_EQ(Ahead("journal"), 7);
  EXPECT_EQ(Ahead("inbox"), 7);
}

TEST_F(UpkeepTest, ServiceThatWasDownForWeeksMayWriteWhenItStarts) {
  clock_.Advance(days(40));

  EXPECT_THAT(NewStep().Prepare(), IsOk());
}

TEST_F(UpkeepTest, EventThatIsDatedAheadMovesToItsDayWhenThatIsMade) {
  const std::string id = "'0195f3c2-7c9e-7d51-8f2e-0123456789ab'";
  const std::string insert = fmt::format(
      "INSERT INTO inbox (tenant_id, consumer, event_id, event_time) SELECT {0}, 'c', {0}, "
      "current_date + interval '10 days 3 hours' ON CONFLICT DO NOTHING",
      id);
  schema_.Run(insert);
  schema_.Run(
      "INSERT INTO inbox (tenant_id, consumer, event_id, event_time) "
      "SELECT gen_random_uuid(), 'c', gen_random_uuid(), '2300-01-01'");
  clock_.Advance(days(5));

  EXPECT_THAT(NewStep().Prepare(), IsOk());

  EXPECT_EQ(Ahead("inbox"), 7);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM inbox_other"), 1);
  schema_.Run(insert);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM inbox"), 2);
}

TEST_F(UpkeepTest, DayThatCannotBeMadeKeepsNoOtherFromBeingMade) {
  clock_.Advance(days(5));
  schema_.Run(
      "CREATE TABLE odd (LIKE inbox INCLUDING DEFAULTS);"
      "DO $$ BEGIN EXECUTE format('ALTER TABLE inbox ATTACH PARTITION odd FOR VALUES FROM (%L) TO "
      "(%L)', current_date + 8, current_date + 9); END $$");

  EXPECT_FALSE(AddDays(schema_.database(), "inbox", DayOf(clock_.Now()), 7, AMinute()).ok());
  EXPECT_THAT(NewStep().Prepare(), IsOk());

  EXPECT_EQ(Days("inbox").back(), DayOf(clock_.Now()) + days(7));
}

TEST_F(UpkeepTest, ManyProcessesMayPrepareAtOnce) {
  clock_.Advance(days(40));
  std::vector<absl::Status> outcomes(4);
  std::vector<std::thread> threads;
  for (absl::Status& outcome : outcomes) {
    threads.emplace_back([&] {
      outcome = AddDays(schema_.database(), "journal", DayOf(clock_.Now()), 7, AMinute());
    });
  }
  for (std::thread& thread : threads) thread.join();

  for (const absl::Status& outcome : outcomes) EXPECT_THAT(outcome, IsOk());
}

TEST_F(UpkeepTest, DaysAreAddedBesideATransactionThatWrites) {
  testing::PgOpenWrite write(schema_.database());
  write.Add(EntryOf(ids_, "o", 1));

  EXPECT_THAT(AddDays(schema_.database(), "journal", DayOf(clock_.Now()), 9, AMinute()), IsOk());
}

TEST_F(UpkeepTest, OldDaysAreDroppedWhenAllOfThemIsPublished) {
  WriteToday();
  PublishAll();
  const Day today = DayOf(clock_.Now());
  clock_.Advance(days(5));

  NewStep().Run();

  EXPECT_EQ(Days("journal").front(), today + days(2));
  EXPECT_EQ(Days("inbox").front(), today + days(2));
}

TEST_F(UpkeepTest, DayThatIsNotPublishedStays) {
  PublishAll();
  WriteToday();
  const Day today = DayOf(clock_.Now());
  clock_.Advance(days(5));

  NewStep().Run();

  EXPECT_EQ(Days("journal").front(), today);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM journal"), 1);
}

TEST_F(UpkeepTest, NothingIsDroppedBeforeARelayHasBegun) {
  const Day today = DayOf(clock_.Now());
  clock_.Advance(days(5));

  NewStep().Run();

  EXPECT_EQ(Days("journal").front(), today - days(1));
}

TEST_F(UpkeepTest, NothingIsDroppedThatARelayNeverGotThoughAnotherHasIt) {
  ASSERT_THAT(journal_.KeepFor(std::vector<std::string>{"kafka", "audit"}, AMinute()), IsOk());
  WriteToday();
  PublishAll();
  const Day today = DayOf(clock_.Now());
  clock_.Advance(days(5));
  UpkeepStep step = NewStep();

  step.Run();
  EXPECT_EQ(Days("journal").front(), today);

  ASSERT_THAT(journal_.KeepNoMoreFor("audit", AMinute()), IsOk());
  step.Run();
  EXPECT_GT(Days("journal").front(), today);
}

TEST_F(UpkeepTest, DropThatGetsNoLockIsLeftForTheNextTime) {
  PublishAll();
  const std::size_t before = Days("journal").size();
  clock_.Advance(days(5));
  UpkeepStep step = NewStep();
  {
    testing::PgOpenWrite write(schema_.database());
    write.Add(EntryOf(ids_, "o", 1));
    step.Run();
    EXPECT_EQ(Days("journal").size(), before + 5);
  }

  PublishAll();
  step.Run();

  EXPECT_LT(Days("journal").size(), before + 5);
}

TEST_F(UpkeepTest, OnlyOneProcessDoesTheWork) {
  UpkeepStep first = NewStep();
  first.Run();
  clock_.Advance(days(5));

  NewStep().Run();

  EXPECT_EQ(Ahead("journal"), 2);
}

TEST_F(UpkeepTest, OldEventsOfTheInboxAreForgotten) {
  schema_.Run(
      "INSERT INTO inbox (tenant_id, consumer, event_id, event_time, receive_time) "
      "SELECT gen_random_uuid(), 'c', gen_random_uuid(), '2020-01-01', now() - g * interval '1 "
      "day' FROM generate_series(1, 10) g");

  NewStep().Run();

  EXPECT_EQ(schema_.Number("SELECT count(*) FROM inbox"), 3);
}

}  // namespace
}  // namespace lotura::events
