// A feed on a journal in memory, step by step. tsan
#include "libs/feed/feed.h"

#include "libs/feed/feed_fixture.h"

namespace lotura::feed {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class FeedTest : public FeedFixture {};

TEST_F(FeedTest, ALiveSubscriberGetsWhatIsWrittenAfterItsFirstHeartbeatAndOnlyThat) {
  Write(1, 3);
  const Follower follower = Follow(RequestOf(Subscription::START_LATEST));
  Settle();
  ASSERT_EQ(follower.stream->phases().size(), 1);

  Write(4, 6);
  Settle();

  EXPECT_EQ(follower.stream->versions(), (Versions{4, 5, 6}));
}

TEST_F(FeedTest, TheEarliestStartBringsEverythingThatIsKept) {
  Write(1, 500);

  const Follower follower = Follow(RequestOf(Subscription::START_EARLIEST));
  Settle();

  EXPECT_EQ(follower.stream->versions().size(), 500);
  EXPECT_EQ(follower.stream->versions().back(), 500);
}

TEST_F(FeedTest, AnyTokenGoesOnWithTheEventBehindIt) {
  Write(1, 9);
  const Follower first = Follow(RequestOf(Subscription::START_EARLIEST));
  Settle();
  ASSERT_EQ(first.stream->versions().size(), 9);

  for (const SubscribeResponse& answer : first.stream->answers) {
    const std::int64_t seen = answer.has_event() ? answer.event().change().version() : 0;
    const Follower second = Follow(ResumeAt(answer.resume_token()));
    Settle();
    Versions expected;
    for (std::int64_t version = seen + 1; version <= 9; ++version) expected.push_back(version);
    EXPECT_EQ(second.stream->versions(), expected);
  }
}

TEST_F(FeedTest, ATokenOutlivesTheProcess) {
  const Follower first = Follow(RequestOf(Subscription::START_LATEST));
  Settle();
  Write(1, 3);
  Settle();
  const std::string token = first.token();
  Restart();
  Write(4, 6);

  const Follower second = Follow(ResumeAt(token));
  Settle();

  EXPECT_EQ(second.stream->versions(), (Versions{4, 5, 6}));
}

TEST_F(FeedTest, NothingBehindAnOpenTransactionIsSentAndNothingOfItIsLost) {
  const Follower follower = Follow(RequestOf(Subscription::START_LATEST));
  Settle();
  const std::uint64_t open = journal_.Begin();
  journal_.Add(open, Entry(1));
  Write(2, 3);
  const Follower late = Follow(RequestOf(Subscription::START_LATEST));
  Settle();
  EXPECT_EQ(follower.stream->versions(), Versions{});

  journal_.Commit(open);
  Settle();

  EXPECT_EQ(follower.stream->versions(), (Versions{1, 2, 3}));
  EXPECT_EQ(late.stream->versions(), (Versions{1, 2, 3}));
}

TEST_F(FeedTest, NoMoreIsSentThanCreditWasGranted) {
  Write(1, 10);
  const Follower follower = Follow(RequestOf(Subscription::START_EARLIEST, 3));
  Settle();
  EXPECT_EQ(follower.stream->versions(), (Versions{1, 2, 3}));

  Grant(follower, 4);
  Settle();

  EXPECT_EQ(follower.stream->versions(), (Versions{1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(FeedTest, WhatAFullStreamDoesNotTakeComesOnceWhenThereIsRoom) {
  const Follower follower = Follow(RequestOf(Subscription::START_EARLIEST), 1, 3);
  Write(1, 10);
  Settle();
  EXPECT_EQ(follower.stream->versions(), (Versions{1, 2}));

  MakeRoom(follower, 3);
  Settle();
  MakeRoom(follower, 100);
  Settle();

  EXPECT_EQ(follower.stream->versions(), (Versions{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(FeedTest, WithoutSubscribersNothingIsRead) {
  Write(1, 3);
  const Follower follower = Follow(RequestOf(Subscription::START_LATEST));
  Settle();
  feed_->Forget(follower.subscriber);
  const std::size_t reads = counting_.reads;
  const std::size_t calls = history_.calls();

  Write(4, 6);
  Settle();

  EXPECT_EQ(counting_.reads, reads);
  EXPECT_EQ(history_.calls(), calls);
  EXPECT_EQ(Metric("lotura_feed_ring_events"), 0);
}

TEST_F(FeedTest, IdleSubscribersCostNoReads) {
  const Follower live = Follow(RequestOf(Subscription::START_LATEST));
  std::vector<Follower> idle;
  for (int i = 0; i < 1000; ++i)
    idle.push_back(Follow(RequestOf(Subscription::START_LATEST, i % 2), 2));
  Settle();
  const std::size_t calls = history_.calls();
  const std::size_t reads = counting_.reads;

  for (int round = 0; round < 50; ++round) {
    Write(round * 10 + 1, round * 10 + 10);
    feed_->RunTail();
  }

  EXPECT_EQ(live.stream->versions().size(), 500);
  EXPECT_EQ(history_.calls(), calls);
  EXPECT_EQ(counting_.reads, reads + 50);
  EXPECT_EQ(Metric("lotura_feed_subscribers{phase=\"live\""), 1001);
}

TEST_F(FeedTest, AHeartbeatComesAfterSilenceWithATokenThatGoesOn) {
  const Follower follower = Follow(RequestOf(Subscription::START_LATEST));
  Settle();
  Write(1, 5, 2);
  Settle();
  ASSERT_EQ(follower.stream->phases().size(), 1);

  clock_.Advance(options_.heartbeat);
  Settle();

  ASSERT_EQ(follower.stream->phases().size(), 2);
  EXPECT_EQ(follower.stream->phases()[1], Heartbeat::PHASE_LIVE);
  const std::string token = follower.token();
  Write(6, 6);
  const Follower again = Follow(ResumeAt(token));
  Settle();
  EXPECT_EQ(again.stream->versions(), Versions{6});
}

TEST_F(FeedTest, ATokenOfAQuietServiceStaysGoodHoweverLongItWasQuiet) {
  Write(1, 1);
  const Follower follower = Follow(RequestOf(Subscription::START_EARLIEST));
  Settle();
  clock_.Advance(hours(24) * 60);
  history_.Drop(clock_.Now() - hours(24) * 30);
  Settle();

  Restart();
  const Follower again = Follow(ResumeAt(follower.token()));
  Write(2, 2);
  Settle();

  EXPECT_FALSE(again.stream->end.has_value());
  EXPECT_EQ(again.stream->versions(), Versions{2});
}

TEST_F(FeedTest, AHeldSubscriberIsToldSo) {
  const Follower follower = Follow(RequestOf(Subscription::START_EARLIEST, 0));
  Write(1, 5);
  Settle();

  clock_.Advance(options_.heartbeat);
  Settle();

  EXPECT_EQ(follower.stream->phases().back(), Heartbeat::PHASE_HELD);
}

TEST_F(FeedTest, ATokenWhoseEventsWereDroppedCarriesTheEarliestThatIsKept) {
  Write(1, 3);
  const Follower first = Follow(RequestOf(Subscription::START_EARLIEST));
  Settle();
  const std::string token = first.token();
  clock_.Advance(hours(72));
  Write(4, 5);
  history_.Drop(clock_.Now() - hours(1));

  const Follower late = Follow(ResumeAt(token));
  Settle();

  ASSERT_TRUE(late.stream->end.has_value());
  EXPECT_THAT(*late.stream->end, StatusIs(absl::StatusCode::kOutOfRange, "EVENTS_EXPIRED"));
  const std::string earliest = InfoOf(*late.stream->end).metadata.at("earliest_token");
  const Follower again = Follow(ResumeAt(earliest));
  Settle();
  EXPECT_EQ(again.stream->versions(), (Versions{4, 5}));
}

TEST_F(FeedTest, ASubscriberThatIsHeldUntilItsEventsAreDroppedIsToldWhenItGoesOn) {
  Write(1, 3);
  const Follower held = Follow(RequestOf(Subscription::START_EARLIEST, 1));
  Settle();
  clock_.Advance(hours(72));
  history_.Drop(clock_.Now() - hours(1));

  Grant(held, 5);
  Settle();

  ASSERT_TRUE(held.stream->end.has_value());
  EXPECT_THAT(*held.stream->end, StatusIs(absl::StatusCode::kOutOfRange, "EVENTS_EXPIRED"));
}

TEST_F(FeedTest, WhileTheStoreDoesNotAnswerLiveStreamsStayAndReadersOfThePastComeAgain) {
  const Follower live = Follow(RequestOf(Subscription::START_LATEST));
  Settle();
  history_.Fail(DeadlineExceeded("a statement took too long"));

  const Follower late = Follow(RequestOf(Subscription::START_EARLIEST));
  Settle();
  Write(1, 2);
  Settle();

  ASSERT_TRUE(late.stream->end.has_value());
  EXPECT_THAT(*late.stream->end, StatusIs(absl::StatusCode::kUnavailable, "JOURNAL_UNAVAILABLE"));
  EXPECT_EQ(live.stream->versions(), (Versions{1, 2}));
}

TEST_F(FeedTest, ATailThatCannotBeginTriesAgain) {
  history_.Fail(Unavailable("DATABASE_UNAVAILABLE", "gone"));
  feed_->RunTail();
  history_.Fail(absl::OkStatus());
  const Follower follower = Follow(RequestOf(Subscription::START_LATEST));
  history_.Fail(Unavailable("DATABASE_UNAVAILABLE", "gone"));
  feed_->RunTail();
  EXPECT_EQ(Metric("lotura_feed_failures_total{reason=\"DATABASE_UNAVAILABLE\""), 1);

  history_.Fail(absl::OkStatus());
  Settle();
  Write(1, 2);
  Settle();

  EXPECT_EQ(follower.stream->versions(), (Versions{1, 2}));
}

class SmallRingTest : public FeedFixture {
 protected:
  SmallRingTest() : FeedFixture({.ring = {.events = 10}, .past = {.batch = {.entries = 7}}}) {}
};

TEST_F(SmallRingTest, ASlowSubscriberCostsNoMemoryAndMissesNothing) {
  const Follower slow = Follow(RequestOf(Subscription::START_LATEST, 5));
  const Follower fast = Follow(RequestOf(Subscription::START_LATEST, 10'000));
  Settle();
  for (std::int64_t version = 1; version <= 300; ++version) {
    Write(version, version);
    feed_->RunTail();
  }
  Settle();
  EXPECT_EQ(Metric("lotura_feed_ring_events"), 10);
  EXPECT_EQ(slow.stream->versions().size(), 5);
  EXPECT_EQ(fast.stream->versions().size(), 300);

  Grant(slow, 1000);
  Settle();
  Write(301, 301);
  Settle();

  EXPECT_EQ(slow.stream->versions().size(), 301);
  EXPECT_TRUE(std::ranges::is_sorted(slow.stream->versions()));
}

TEST_F(SmallRingTest, AnIdleSubscriberOfAnotherTenantNeverFallsBehind) {
  const Follower idle = Follow(RequestOf(Subscription::START_LATEST, 0), 2);
  Settle();
  const std::size_t calls = history_.calls();

  for (std::int64_t version = 1; version <= 300; ++version) {
    Write(version, version);
    feed_->RunTail();
  }
  Grant(idle, 10);
  Settle();

  EXPECT_EQ(history_.calls(), calls);
}

class NarrowFeedTest : public FeedFixture {
 protected:
  NarrowFeedTest() : FeedFixture({.subscribers_max = 1}) {}
};

TEST_F(NarrowFeedTest, OneSubscriberTooManyIsRefusedUntilOneLeaves) {
  const Follower one = Follow(RequestOf(Subscription::START_LATEST));
  EXPECT_THAT(Refusal(RequestOf(Subscription::START_LATEST)),
              StatusIs(absl::StatusCode::kResourceExhausted, "TOO_MANY_SUBSCRIBERS"));

  feed_->Forget(one.subscriber);

  EXPECT_THAT(Refusal(RequestOf(Subscription::START_LATEST)), IsOk());
}

}  // namespace
}  // namespace lotura::feed
