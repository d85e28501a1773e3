// What a relay publishes, in which order, and how far its cursor goes. tsan
#include "libs/events/relay_fixture.h"

namespace lotura::events {
namespace {

using ::lotura::testing::IsOk;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;
using Versions = std::vector<std::int64_t>;

class RelayStepTest : public RelayFixture {};

// What was told, if it was without gap and of the database that was read.
class Told final : public JournalListener {
 public:
  explicit Told(std::string origin) : origin_(std::move(origin)) {}

  void Hear(const std::string& origin, const Position& after,
            std::span<const JournalEntry> entries) override {
    EXPECT_EQ(origin, origin_);
    EXPECT_TRUE(versions.empty() || after <= last_);
    for (const JournalEntry& entry : entries) versions.push_back(entry.version);
    last_ = entries.back().position;
  }

  Versions versions;

 private:
  const std::string origin_;
  Position last_;
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

TEST_F(RelayStepTest, WhoListensIsToldOfAllThatIsReadAndAgainOfWhatIsReadAgain) {
  const auto lease =
      journal_.Acquire("another", ids_.Next(), seconds(1), Deadline::After(seconds(1)));
  Told told((*lease)->origin);
  RelayStep relay({.service = "sales", .holder = ids_.Next(), .batch = {.entries = 2}},
                  {journal_, bus_, clock_, &told}, metrics_, log_, [] {});
  Write(1, 3);
  Settle(relay);
  EXPECT_EQ(told.versions, (Versions{1, 2, 3}));

  bus_.Stop();
  Write(4, 4);
  Settle(relay);
  bus_.BreakProducers();
  bus_.Start();
  Settle(relay);

  EXPECT_EQ(told.versions, (Versions{1, 2, 3, 4, 4}));
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
