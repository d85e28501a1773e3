// Entries that are published once more, on a journal and a bus in memory. tsan
#include "libs/events/topic_replay.h"

#include <gtest/gtest.h>

#include "libs/events/cloud_events.h"
#include "libs/events/memory_bus.h"
#include "libs/events/memory_journal.h"
#include "libs/events/position.h"
#include "libs/testing/journal_contract.h"

namespace lotura::events {
namespace {

using ::lotura::testing::EntryOf;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

using Versions = std::vector<std::int64_t>;

constexpr char kCopy[] = "copy";

class TopicReplayTest : public ::testing::Test {
 protected:
  TopicReplayTest() {
    EXPECT_THAT(bus_.EnsureTopic({.name = kCopy, .partitions = 1}, Deadline::After(seconds(1))),
                IsOk());
  }

  void Write(const std::string& name, std::int64_t from, std::int64_t to) {
    for (std::int64_t version = from; version <= to; ++version)
      journal_.Append({EntryOf(ids_, name, version)});
  }

  // As the relay says it of everything there is.
  void MarkPublished() {
    const Deadline soon = Deadline::After(seconds(1));
    const auto entries = journal_.NewReader()->Read({}, {}, soon).value();
    const LeaseToken lease =
        journal_.Acquire("kafka", ids_.Next(), milliseconds(0), soon).value().value();
    ASSERT_THAT(ReasonsOfSaving(entries.back().position, lease),
                ::testing::AnyOf("", "LEASE_LOST"));
  }

  std::string ReasonsOfSaving(const Position& position, const LeaseToken& lease) {
    return ReasonOf(journal_.SaveCursor("kafka", position, lease, Deadline::After(seconds(1))));
  }

  std::unique_ptr<TopicReplay> NewReplay(const ReplaySelection& selection = {},
                                         ReplayRun run = ReplayRun::kPublish) {
    return std::make_unique<TopicReplay>(TopicReplayOptions{.service = "sales",
                                                            .topic = kCopy,
                                                            .selection = selection,
                                                            .run = run,
                                                            .batch = {.entries = 2},
                                                            .bound = milliseconds(200)},
                                         journal_, bus_);
  }

  static void RunToEnd(TopicReplay& replay) {
    while (!replay.progress().at_end) ASSERT_THAT(replay.Step(), IsOk());
  }

  Versions Published() const {
    Versions versions;
    for (const ReceivedRecord& received : bus_.RecordsOf(kCopy))
      versions.push_back(FromBusRecord(received.record).value().version());
    return versions;
  }

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  MemoryJournal journal_{clock_};
  MemoryBus bus_;
};

TEST_F(TopicReplayTest, RepeatsWhatTheRelayHasPublishedInOrder) {
  Write("o", 1, 5);
  MarkPublished();
  const auto replay = NewReplay();

  RunToEnd(*replay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5}));
  EXPECT_EQ(replay->progress().published, 5);
}

TEST_F(TopicReplayTest, IsNeverTheFirstToAnnounce) {
  Write("o", 1, 3);
  MarkPublished();
  Write("o", 4, 6);

  RunToEnd(*NewReplay());

  EXPECT_EQ(Published(), (Versions{1, 2, 3}));
}

TEST_F(TopicReplayTest, NothingIsRepeatedBeforeTheRelayHasPublished) {
  Write("o", 1, 3);

  RunToEnd(*NewReplay());

  EXPECT_EQ(Published(), Versions());
}

TEST_F(TopicReplayTest, SelectsByNameTimeTypeAndTenant) {
  Write("o", 1, 2);
  clock_.Advance(seconds(60));
  const Instant later = clock_.Now();
  Write("o", 3, 4);
  Write("p", 11, 12);
  MarkPublished();
  const JournalEntry entry =
      journal_.NewReader()->Read({}, {}, Deadline::After(seconds(1)))->front();

  const auto counted = [&](const ReplaySelection& selection) {
    const auto replay = NewReplay(selection, ReplayRun::kDry);
    RunToEnd(*replay);
    return replay->progress().published;
  };

  EXPECT_EQ(counted({.names = {"p"}}), 2);
  EXPECT_EQ(counted({.from = later}), 4);
  EXPECT_EQ(counted({.until = later}), 2);
  EXPECT_EQ(counted({.tenant = entry.tenant}), 6);
  EXPECT_EQ(counted({.tenant = TenantId{ids_.Next()}}), 0);
  EXPECT_EQ(counted({.resource_types = {entry.resource_type}}), 6);
  EXPECT_EQ(counted({.event_types = {"lotura.sales.other.v1"}}), 0);
  EXPECT_EQ(Published(), Versions()) << "a dry run sends nothing";
}

TEST_F(TopicReplayTest, GoesOnBehindAPosition) {
  Write("o", 1, 6);
  MarkPublished();
  const auto first = NewReplay();
  ASSERT_THAT(first->Step(), IsOk());
  const std::string printed = ToText(first->progress().position);

  RunToEnd(*NewReplay({.after = ParsePosition(printed).value()}));

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6}));
}

TEST_F(TopicReplayTest, BatchThatTheBrokerDidNotTakeIsRepeatedByTheNextStep) {
  Write("o", 1, 4);
  MarkPublished();
  const auto replay = NewReplay();
  ASSERT_THAT(replay->Step(), IsOk());
  bus_.Stop();

  EXPECT_THAT(replay->Step(), StatusIs(absl::StatusCode::kUnavailable, "RECORD_NOT_DELIVERED"));
  bus_.Start();
  RunToEnd(*replay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4}));
}

TEST(PositionTest, TextRoundTripsAndAnythingElseIsRefused) {
  const Position position{.epoch = 3, .xid = 18'000'000'000'000'000'000U, .seq = 42};

  EXPECT_EQ(ParsePosition(ToText(position)), position);
  for (const char* text : {"", "1/2", "1/2/3/4", "a/2/3", "1/-2/3", "1/2/3x"})
    EXPECT_FALSE(ParsePosition(text).has_value()) << text;
}

}  // namespace
}  // namespace lotura::events
