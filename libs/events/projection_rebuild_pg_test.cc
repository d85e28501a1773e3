// A projection that is made anew is what it was, and its consumer misses and repeats nothing. tsan
#include "libs/events/projection_rebuild.h"

#include "libs/events/cloud_events.h"
#include "libs/events/partitions.h"
#include "libs/events/pg_journal.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/select.h"

namespace lotura::events {
namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::seconds;

constexpr pg::Query kEffect{"test.Effect",
                            "INSERT INTO effect (name, version) VALUES ($1::text, $2::bigint)"};

class ProjectionRebuildTest : public ::testing::Test {
 protected:
  ProjectionRebuildTest() {
    schema_.Run("CREATE TABLE effect (seq bigserial, name text, version bigint)");
    const Day today = DayOf(clock_.Now());
    for (const char* table : {"journal", "inbox"})
      EXPECT_THAT(AddDays(schema_.database(), table, today, 2, AMinute()), IsOk());
  }

  EventHandler Handler() {
    return OneByOne([this](pg::Tx& tx, const Event& event) -> absl::Status {
      if (event.version() == poison_) return FailedPrecondition("POISON", "as told");
      tx.Run(kEffect, pg::Params().Text(event.subject).Int(event.version()));
      return absl::OkStatus();
    });
  }

  std::unique_ptr<ProjectionRebuild> NewRebuild(RebuildFrom from = RebuildFrom::kEmpty,
                                                std::vector<std::string> tables = {"effect"}) {
    return std::make_unique<ProjectionRebuild>(
        RebuildOptions{
            .consumer = "test", .tables = std::move(tables), .from = from, .batch = {.entries = 3}},
        std::vector<RebuildSource>{{"sales", journal_, schema_.database()}}, schema_.database(),
        Handler(), log_);
  }

  static void RunToEnd(ProjectionRebuild& rebuild) {
    for (bool is_last = false; !is_last;) {
      const auto step = rebuild.Step();
      ASSERT_THAT(step, IsOk());
      is_last = step->is_last;
    }
  }

  // Writes entries; the relay has published them, and the consumer's topic holds them.
  std::vector<ReceivedRecord> Publish(std::int64_t from, std::int64_t to) {
    std::vector<ReceivedRecord> records;
    for (std::int64_t version = from; version <= to; ++version) {
      JournalEntry entry = EntryOf(ids_, "o", version);
      entry.create_time = clock_.Now();
      testing::PgOpenWrite write(schema_.database());
      write.AddAt(entry, entry.create_time);
      write.Commit();
      records.push_back({ToBusRecord(entry, "sales").value(), {TopicOf("sales"), 0, version}});
    }
    schema_.Run(
        "INSERT INTO relay_cursor SELECT 'kafka', epoch, xid, seq, now() FROM journal ORDER BY xid "
        "DESC, seq DESC LIMIT 1 ON CONFLICT (relay) DO UPDATE SET epoch = excluded.epoch, xid = "
        "excluded.xid, seq = excluded.seq");
    return records;
  }

  Applied Consume(std::span<const ReceivedRecord> records) {
    PgInbox inbox(schema_.database(), {.consumer = "test"}, Handler(), log_);
    return inbox.Apply(records, AMinute());
  }

  // For a lock.
  bool IsAnyoneWaiting() {
    return schema_.Number(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "wait_event_type = 'Lock'") == 1;
  }

  std::string Effects() {
    return schema_.database()
        .Read(AMinute(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
                return testing::Select(
                           tx,
                           "SELECT coalesce(string_agg(version::text, ' ' ORDER BY seq), '') FROM "
                           "effect")
                    .String(0, 0);
              })
        .value();
  }

  SystemClock clock_;
  testing::EventsSchema schema_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  PgJournal journal_{schema_.database(), clock_};
  std::int64_t poison_ = 0;
};

TEST_F(ProjectionRebuildTest, ProjectionIsAsItWasHoweverWrongItHadBecome) {
  Consume(Publish(1, 8));
  schema_.Run("DELETE FROM effect WHERE version < 4; INSERT INTO effect VALUES (99, 'x', 99)");
  const auto rebuild = NewRebuild();

  ASSERT_THAT(rebuild->Begin(), IsOk());
  EXPECT_EQ(Effects(), "");
  RunToEnd(*rebuild);

  EXPECT_EQ(Effects(), "1 2 3 4 5 6 7 8");
}

TEST_F(ProjectionRebuildTest, ConsumerWaitsMeanwhileAndThenGoesOnWithoutARepetition) {
  const auto before = Publish(1, 5);
  Consume(before);
  const auto rebuild = NewRebuild();
  ASSERT_THAT(rebuild->Begin(), IsOk());
  const auto meanwhile = Publish(6, 7);
  EXPECT_THAT(Consume(meanwhile).status,
              StatusIs(absl::StatusCode::kUnavailable, "CONSUMER_PAUSED"));

  RunToEnd(*rebuild);
  EXPECT_EQ(Consume(before).duplicates, 5);
  EXPECT_EQ(Consume(meanwhile).duplicates, 2);
  EXPECT_EQ(Consume(Publish(8, 9)).handled, 2);

  EXPECT_EQ(Effects(), "1 2 3 4 5 6 7 8 9");
}

TEST_F(ProjectionRebuildTest, BatchThatIsBeingHandledIsWaitedFor) {
  Publish(1, 3);
  const auto rebuild = NewRebuild();
  std::jthread begin;

  const absl::Status handled = schema_.database().Write(AMinute(), [&](pg::Tx& tx) -> absl::Status {
    LOTURA_RETURN_IF_ERROR(PassGate(tx, "test", Passenger::kConsumer).status());
    tx.Run(kEffect, pg::Params().Text("late").Int(77));
    begin = std::jthread([&] { EXPECT_THAT(rebuild->Begin(), IsOk()); });
    EXPECT_TRUE(Eventually([&] { return IsAnyoneWaiting(); }, seconds(30)));
    return absl::OkStatus();
  });
  ASSERT_THAT(handled, IsOk());
  begin.join();

  EXPECT_EQ(Effects(), "");
}

TEST_F(ProjectionRebuildTest, InterruptedOneGoesOnWhereItWas) {
  Consume(Publish(1, 8));
  {
    const auto interrupted = NewRebuild();
    ASSERT_THAT(interrupted->Begin(), IsOk());
    ASSERT_THAT(interrupted->Step(), IsOk());
    ASSERT_EQ(Effects(), "1 2 3");
  }
  const auto rebuild = NewRebuild();
  EXPECT_TRUE(rebuild->Plan()->is_under_way);

  ASSERT_THAT(rebuild->Begin(), IsOk());
  const auto next = rebuild->Step();
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->handled, 3);
  RunToEnd(*rebuild);

  EXPECT_EQ(Effects(), "1 2 3 4 5 6 7 8");
  EXPECT_FALSE(NewRebuild()->Plan()->is_under_way);
}

TEST_F(ProjectionRebuildTest, WhatTheRelayHasNotPublishedIsLeftToTheConsumer) {
  Consume(Publish(1, 2));
  testing::PgOpenWrite write(schema_.database());
  write.Add(EntryOf(ids_, "o", 3));
  write.Commit();
  const auto rebuild = NewRebuild();

  ASSERT_THAT(rebuild->Begin(), IsOk());
  RunToEnd(*rebuild);

  EXPECT_EQ(Effects(), "1 2");
}

TEST_F(ProjectionRebuildTest, PlanTellsWhatIsThereAndChangesNothing) {
  Consume(Publish(1, 4));

  const auto plan = NewRebuild()->Plan();

  ASSERT_THAT(plan, IsOk());
  EXPECT_FALSE(plan->is_under_way);
  EXPECT_EQ(plan->tables.at(0).count, 4);
  EXPECT_EQ(plan->sources.at(0).name, "sales");
  EXPECT_EQ(plan->sources.at(0).count, 4);
  EXPECT_TRUE(plan->incomplete.empty());
  EXPECT_EQ(Effects(), "1 2 3 4");
  EXPECT_EQ(Consume(Publish(5, 5)).handled, 1);
}

TEST_F(ProjectionRebuildTest, NothingIsEmptiedThatCouldNotBeMadeAgain) {
  Consume(Publish(1, 3));
  schema_.Run("UPDATE schema_migration SET apply_time = now() - interval '40 days'");

  EXPECT_THAT(NewRebuild()->Begin(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "HISTORY_INCOMPLETE"));
  EXPECT_THAT(NewRebuild(RebuildFrom::kEmpty, {})->Begin(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NO_PROJECTION"));

  EXPECT_EQ(NewRebuild()->Plan()->incomplete, std::vector<std::string>{"sales"});
  EXPECT_EQ(Effects(), "1 2 3");
  EXPECT_EQ(Consume(Publish(4, 4)).handled, 1);
}

TEST_F(ProjectionRebuildTest, RowsThatAreKeptAreHandledOver) {
  Consume(Publish(1, 2));
  schema_.Run("UPDATE schema_migration SET apply_time = now() - interval '40 days'");
  const auto rebuild = NewRebuild(RebuildFrom::kPresentRows);

  ASSERT_THAT(rebuild->Begin(), IsOk());
  RunToEnd(*rebuild);

  EXPECT_EQ(Effects(), "1 2 1 2");
}

TEST_F(ProjectionRebuildTest, EventThatFailsWaitsForADecisionAndOthersGoOn) {
  Publish(1, 3);
  poison_ = 2;
  const auto rebuild = NewRebuild();
  ASSERT_THAT(rebuild->Begin(), IsOk());

  const auto step = rebuild->Step();
  ASSERT_THAT(step, IsOk());
  EXPECT_EQ(step->handled, 1);
  EXPECT_EQ(step->parked, 2);
  RunToEnd(*rebuild);

  EXPECT_EQ(schema_.Number("SELECT count(*) FROM parked_event WHERE consumer = 'test'"), 2);
}

TEST_F(ProjectionRebuildTest, OneThatAnotherHasEndedHandlesNothingMore) {
  Consume(Publish(1, 8));
  const auto asleep = NewRebuild();
  ASSERT_THAT(asleep->Begin(), IsOk());
  ASSERT_THAT(asleep->Step(), IsOk());
  RunToEnd(*NewRebuild());

  EXPECT_THAT(asleep->Step(), StatusIs(absl::StatusCode::kFailedPrecondition, "REBUILD_ENDED"));

  EXPECT_EQ(Effects(), "1 2 3 4 5 6 7 8");
}

}  // namespace
}  // namespace lotura::events
