// The relay on a journal and a bus in memory, step by step. tsan
#include "libs/events/relay_step.h"

#include <gtest/gtest.h>

#include "libs/events/cloud_events.h"
#include "libs/events/memory_bus.h"
#include "libs/events/memory_journal.h"
#include "libs/testing/journal_contract.h"

namespace lotura::events {
namespace {

using ::lotura::testing::EntryOf;
using ::lotura::testing::IsOk;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

using Versions = std::vector<std::int64_t>;

class RelayStepTest : public ::testing::Test {
 protected:
  RelayStepTest() {
    EXPECT_THAT(bus_.EnsureTopic({.name = TopicOf("sales")}, Deadline::After(seconds(1))), IsOk());
  }

  std::unique_ptr<RelayStep> NewRelay(ReadLimit batch = {}) {
    return std::make_unique<RelayStep>(
        RelayOptions{.service = "sales", .holder = ids_.Next(), .batch = batch},
        RelayParts{journal_, bus_, clock_}, metrics_, log_, [] {});
  }

  void Write(std::int64_t from, std::int64_t to) {
    for (std::int64_t version = from; version <= to; ++version)
      journal_.Append({EntryOf(ids_, "o", version)});
  }

  // Runs the step often enough to do all there is to do.
  void Settle(RelayStep& relay) {
    for (int i = 0; i < 20; ++i) {
      relay.Run();
      clock_.Advance(milliseconds(250));
    }
  }

  Versions Published() const {
    Versions versions;
    for (const ReceivedRecord& received : bus_.RecordsOf(TopicOf("sales"))) {
      versions.push_back(FromBusRecord(received.record).value().version());
    }
    return versions;
  }

  Position Cursor() { return journal_.LoadCursor("kafka", Deadline::After(seconds(1))).value(); }
  double Metric(const std::string& name) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + name + "{");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find(' ', at + 1)));
  }

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  MemoryJournal journal_{clock_};
  MemoryBus bus_;
};

TEST_F(RelayStepTest, PublishesEachEntryOnceAndInOrder) {
  const auto relay = NewRelay();
  Write(1, 3);
  Settle(*relay);
  Write(4, 5);
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5}));
  EXPECT_EQ(Metric("lotura_relay_published_total"), 5);
}

TEST_F(RelayStepTest, ReadsInBatches) {
  const auto relay = NewRelay({.entries = 2});
  Write(1, 7);

  relay->Run();
  EXPECT_EQ(Published().size(), 2);
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(RelayStepTest, NothingBehindAnOpenTransactionIsPublished) {
  const auto relay = NewRelay();
  const std::uint64_t open = journal_.Begin();
  Write(1, 2);
  Settle(*relay);
  EXPECT_EQ(Published(), Versions{});
  EXPECT_GT(Metric("lotura_journal_horizon_age_seconds"), 1);

  journal_.Rollback(open);
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2}));
  EXPECT_EQ(Metric("lotura_journal_horizon_age_seconds"), 0);
}

TEST_F(RelayStepTest, CursorStaysBehindWhatTheBrokerHasNotConfirmed) {
  const auto relay = NewRelay();
  bus_.Stop();
  Write(1, 3);
  Settle(*relay);

  EXPECT_EQ(Cursor(), Position());
  EXPECT_GT(Metric("lotura_journal_oldest_unpublished_seconds"), 1);
  bus_.Start();
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3}));
  EXPECT_GT(Cursor(), Position());
  EXPECT_EQ(Metric("lotura_journal_oldest_unpublished_seconds"), 0);
}

TEST_F(RelayStepTest, WhatIsInMemoryIsBoundedWhileTheBrokerIsGone) {
  const auto relay = NewRelay({.entries = 10});
  bus_.Stop();
  Write(1, 100);
  Settle(*relay);

  bus_.Start();

  EXPECT_EQ(Published().size(), 10 * RelayOptions().batches);
}

TEST_F(RelayStepTest, NoBatchIsReadAheadOfWhoeverIsNotBehind) {
  const auto relay = NewRelay({.entries = 10});
  bus_.Stop();
  Write(1, 9);
  relay->Run();
  Write(10, 12);
  Settle(*relay);

  bus_.Start();

  EXPECT_EQ(Published().size(), 9);
}

TEST_F(RelayStepTest, BatchThatIsFullByItsBytesHasMoreBehindIt) {
  const auto relay = NewRelay({.bytes = 1});
  bus_.Stop();
  Write(1, 10);

  EXPECT_EQ(relay->Run(), milliseconds(0));
  Settle(*relay);

  bus_.Start();
  EXPECT_EQ(Published().size(), RelayOptions().batches);
}

TEST_F(RelayStepTest, CursorPassesABatchOnlyWithAllBeforeIt) {
  const auto relay = NewRelay({.entries = 2});
  bus_.Stop();
  Write(1, 8);
  Settle(*relay);
  ASSERT_EQ(Cursor(), Position());

  bus_.Start();
  relay->Run();
  clock_.Advance(seconds(1));
  relay->Run();

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(Metric("lotura_relay_published_total"), 8);
  EXPECT_GT(Cursor(), Position());
}

TEST_F(RelayStepTest, ProducerThatBreaksTakesAllBatchesAlongAndAllAreReadAgain) {
  const auto relay = NewRelay({.entries = 2});
  Write(1, 2);
  Settle(*relay);
  bus_.Stop();
  Write(3, 12);
  Settle(*relay);

  bus_.BreakProducers();
  bus_.Start();
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(Metric("lotura_relay_producers_replaced_total"), 1);
}

TEST_F(RelayStepTest, BrokenProducerIsReplacedAndTheRestFollowsInOrder) {
  const auto relay = NewRelay();
  Write(1, 2);
  Settle(*relay);
  bus_.Stop();
  Write(3, 5);
  relay->Run();

  bus_.BreakProducers();
  bus_.Start();
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5}));
  EXPECT_EQ(Metric("lotura_relay_producers_replaced_total"), 1);
}

TEST_F(RelayStepTest, ProducerWithAFullQueueGetsTheRestLater) {
  MemoryBus narrow({.queued = 3});
  ASSERT_THAT(narrow.EnsureTopic({.name = TopicOf("sales")}, Deadline::After(seconds(1))), IsOk());
  RelayStep relay({.service = "sales", .holder = ids_.Next()}, {journal_, narrow, clock_}, metrics_,
                  log_, [] {});
  Write(1, 10);
  relay.Run();
  narrow.Stop();
  Write(11, 20);
  Settle(relay);

  narrow.Start();
  Settle(relay);

  EXPECT_EQ(narrow.RecordsOf(TopicOf("sales")).size(), 20);
}

TEST_F(RelayStepTest, OnlyTheHolderOfTheLeasePublishes) {
  const auto one = NewRelay();
  const auto two = NewRelay();
  one->Run();
  Write(1, 3);
  two->Run();

  EXPECT_TRUE(one->HoldsLease());
  EXPECT_FALSE(two->HoldsLease());
  EXPECT_EQ(Published(), Versions{});
}

// Counts how often the lease is asked for.
class CountingJournal final : public Journal {
 public:
  explicit CountingJournal(Journal& journal) : journal_(journal) {}

  std::unique_ptr<JournalReader> NewReader() override { return journal_.NewReader(); }
  absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                    milliseconds duration,
                                                    Deadline deadline) override {
    ++acquires;
    return journal_.Acquire(name, holder, duration, deadline);
  }
  absl::Status Release(const LeaseToken& lease, Deadline deadline) override {
    return journal_.Release(lease, deadline);
  }
  absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) override {
    return journal_.LoadCursor(relay, deadline);
  }
  absl::Status SaveCursor(const std::string& relay, const Position& position,
                          const LeaseToken& lease, Deadline deadline) override {
    return journal_.SaveCursor(relay, position, lease, deadline);
  }

  int acquires = 0;

 private:
  Journal& journal_;
};

TEST_F(RelayStepTest, RelayWithoutTheLeaseLeavesItAloneHoweverOftenItIsWoken) {
  const auto holder = NewRelay();
  holder->Run();
  CountingJournal counting(journal_);
  RelayStep other({.service = "sales", .holder = ids_.Next()}, {counting, bus_, clock_}, metrics_,
                  log_, [] {});

  for (int i = 0; i < 100; ++i) other.Run();

  EXPECT_EQ(counting.acquires, 1);
  clock_.Advance(seconds(6));
  other.Run();
  EXPECT_EQ(counting.acquires, 2);
  EXPECT_TRUE(other.HoldsLease());
}

TEST_F(RelayStepTest, RelayThatStopsGivesTheLeaseAwayAndNothingIsPublishedTwice) {
  const auto one = NewRelay();
  const auto two = NewRelay();
  Write(1, 3);
  one->Run();

  one->Stop();
  Write(4, 6);
  Settle(*two);

  EXPECT_TRUE(two->HoldsLease());
  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6}));
}

TEST_F(RelayStepTest, RelayThatFellAsleepStopsWhenAnotherTookItsLease) {
  const auto asleep = NewRelay();
  const auto awake = NewRelay();
  asleep->Run();
  bus_.Stop();
  Write(1, 3);
  asleep->Run();
  clock_.Advance(seconds(10));
  awake->Run();
  ASSERT_TRUE(awake->HoldsLease());

  asleep->Run();
  EXPECT_FALSE(asleep->HoldsLease());
  bus_.Start();
  Settle(*awake);

  EXPECT_EQ(Published(), (Versions{1, 2, 3}));
}

TEST_F(RelayStepTest, LeaseIsRenewedWhileTheBrokerIsGone) {
  const auto one = NewRelay();
  const auto two = NewRelay();
  bus_.Stop();
  Write(1, 1);
  for (int i = 0; i < 100; ++i) {
    one->Run();
    two->Run();
    clock_.Advance(milliseconds(250));
  }

  EXPECT_TRUE(one->HoldsLease());
  EXPECT_FALSE(two->HoldsLease());
}

TEST_F(RelayStepTest, RelayThatDiesBeforeItSavedRepeatsOnlyWhatWasNotSaved) {
  auto dying = NewRelay();
  Write(1, 3);
  Settle(*dying);
  Write(4, 5);
  dying->Run();
  dying.reset();

  clock_.Advance(seconds(10));
  Settle(*NewRelay());

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 4, 5}));
}

TEST_F(RelayStepTest, DatabaseThatFailedOverIsReadFromItsOwnCursorOn) {
  const auto relay = NewRelay();
  Write(1, 3);
  Settle(*relay);
  const Position replicated = Cursor();
  Write(4, 6);
  Settle(*relay);
  ASSERT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6}));

  // What was not replicated is gone, and its numbers belong to others.
  journal_.Restore(replicated);
  Write(14, 15);
  relay->Run();
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6, 14, 15}));
}

TEST_F(RelayStepTest, BacklogIsMeasuredWhereNobodyPublishes) {
  const auto holder = NewRelay();
  holder->Run();
  const auto other = NewRelay();
  Write(1, 3);
  journal_.Begin();
  clock_.Advance(seconds(3));
  other->Run();
  ASSERT_FALSE(other->HoldsLease());
  clock_.Advance(seconds(1));
  other->Run();

  EXPECT_EQ(Metric("lotura_journal_oldest_unpublished_seconds"), 4);
  EXPECT_EQ(Metric("lotura_journal_horizon_age_seconds"), 1);
}

TEST_F(RelayStepTest, BacklogIsMeasuredWhenNoTermCanBegin) {
  class NoProducers final : public Bus {
   public:
    absl::StatusOr<std::unique_ptr<Producer>> NewProducer() override {
      return Unavailable("KAFKA_PRODUCER", "none");
    }
    absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(const Subscription& /*all*/) override {
      return Unavailable("KAFKA_CONSUMER", "none");
    }
    absl::Status EnsureTopic(const TopicSpec& /*spec*/, Deadline /*deadline*/) override {
      return absl::OkStatus();
    }
  } down;
  RelayStep relay({.service = "sales", .holder = ids_.Next()}, {journal_, down, clock_}, metrics_,
                  log_, [] {});
  Write(1, 1);
  clock_.Advance(seconds(3));

  relay.Run();

  EXPECT_EQ(Metric("lotura_journal_oldest_unpublished_seconds"), 3);
}

TEST_F(RelayStepTest, RelayThatWatchesMeasuresAndPublishesNothingUntilItMay) {
  const auto relay = NewRelay();
  relay->SetMode(RelayStep::Mode::kWatch);
  Write(1, 2);
  clock_.Advance(seconds(2));
  relay->Run();
  EXPECT_EQ(Published(), Versions{});
  EXPECT_EQ(Metric("lotura_journal_oldest_unpublished_seconds"), 2);

  relay->SetMode(RelayStep::Mode::kPublish);
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2}));
  EXPECT_EQ(Metric("lotura_journal_oldest_unpublished_seconds"), 0);
}

TEST_F(RelayStepTest, WakingDoesNotShortenThePauseAfterAFailure) {
  const auto relay = NewRelay();
  bus_.Stop();
  Write(1, 1);
  relay->Run();
  bus_.BreakProducers();
  relay->Run();

  for (int i = 0; i < 100; ++i) relay->Run();

  EXPECT_EQ(Metric("lotura_relay_producers_replaced_total"), 1);
}

}  // namespace
}  // namespace lotura::events
