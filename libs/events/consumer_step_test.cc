// The consumer on a bus in memory with an inbox that remembers, step by step. tsan
#include "libs/events/consumer_step.h"

#include <gtest/gtest.h>

#include <set>

#include "libs/events/cloud_events.h"
#include "libs/events/memory_bus.h"
#include "libs/testing/fakes.h"
#include "libs/testing/status_matchers.h"

namespace lotura::events {
namespace {

using ::lotura::testing::IsOk;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

// Applies a value once; fails as it is told.
class FakeInbox final : public Inbox {
 public:
  Applied Apply(std::span<const ReceivedRecord> records, Deadline /*deadline*/) override {
    Applied applied;
    if (records.size() > most) {
      applied.status = DeadlineExceeded("too slow");
      return applied;
    }
    for (const ReceivedRecord& received : records) {
      const std::string& value = received.record.value;
      if (value == blocked) {
        applied.status = Unavailable("DATABASE_UNAVAILABLE", "gone");
        return applied;
      }
      ++applied.done;
      applied.last = TimeOf(received.record);
      if (value.starts_with("poison")) {
        ++applied.dead;
        letters.push_back(
            {.key = received.record.key, .reason = "BAD", .attempts = 1, .received = received});
      } else if (seen.insert(value).second) {
        ++applied.handled;
        effects.push_back(value);
      } else {
        ++applied.duplicates;
      }
    }
    return applied;
  }
  absl::StatusOr<std::vector<DeadLetter>> Unannounced(std::size_t /*limit*/,
                                                      Deadline /*deadline*/) override {
    return letters;
  }
  absl::Status MarkAnnounced(std::span<const DeadLetter> announced,
                             Deadline /*deadline*/) override {
    letters.erase(letters.begin(), letters.begin() + static_cast<std::ptrdiff_t>(announced.size()));
    return absl::OkStatus();
  }
  absl::StatusOr<std::size_t> CountParked(Deadline /*deadline*/) override { return letters.size(); }

  std::string blocked = "none";
  // More at once take too long.
  std::size_t most = 1'000;
  std::set<std::string> seen;
  std::vector<std::string> effects;
  std::vector<DeadLetter> letters;
};

class ConsumerStepTest : public ::testing::Test {
 protected:
  ConsumerStepTest() {
    EXPECT_THAT(bus_.EnsureTopic({.name = "t", .partitions = 1}, Deadline::After(seconds(1))),
                IsOk());
    producer_ = bus_.NewProducer().value();
  }

  std::unique_ptr<ConsumerStep> NewStep(std::size_t batch = 500) {
    return std::make_unique<ConsumerStep>(
        ConsumerOptions{.name = "group", .topics = {"t"}, .batch = batch, .wait = milliseconds(0)},
        bus_, inbox_, clock_, metrics_, log_);
  }

  void Produce(const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      ASSERT_THAT(producer_->Produce({.topic = "t", .key = "k", .value = value},
                                     [](const absl::Status&) {}),
                  IsOk());
    }
  }

  void Settle(ConsumerStep& step) {
    for (int i = 0; i < 20; ++i) {
      step.Run();
      clock_.Advance(seconds(6));
    }
  }

  void ProduceAt(const std::string& value, Instant time) {
    ASSERT_THAT(
        producer_->Produce(
            {.topic = "t", .key = "k", .headers = {{"ce_time", ToRfc3339(time)}}, .value = value},
            [](const absl::Status&) {}),
        IsOk());
  }

  double Metric(const std::string& name) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + name + "{");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", at) + 2));
  }

  using Values = std::vector<std::string>;

  testing::FakeClock clock_;
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  MemoryBus bus_;
  FakeInbox inbox_;
  std::unique_ptr<Producer> producer_;
};

TEST_F(ConsumerStepTest, HandlesInOrderAndCommits) {
  Produce({"1", "2", "3"});
  auto step = NewStep();
  Settle(*step);
  step.reset();
  inbox_.seen.clear();
  Produce({"4"});
  Settle(*NewStep());

  EXPECT_EQ(inbox_.effects, (Values{"1", "2", "3", "4"}));
}

// Counts how often offsets are committed.
class CountingBus final : public Bus {
 public:
  explicit CountingBus(Bus& bus) : bus_(bus) {}

  absl::Status EnsureTopic(const TopicSpec& topic, Deadline deadline) override {
    return bus_.EnsureTopic(topic, deadline);
  }
  absl::StatusOr<std::unique_ptr<Producer>> NewProducer() override { return bus_.NewProducer(); }
  absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(const Subscription& which) override {
    LOTURA_ASSIGN_OR_RETURN(auto consumer, bus_.NewConsumer(which));
    return std::make_unique<Counting>(std::move(consumer), commits);
  }

  int commits = 0;

 private:
  class Counting final : public Consumer {
   public:
    Counting(std::unique_ptr<Consumer> consumer, int& commits)
        : consumer_(std::move(consumer)), commits_(commits) {}
    absl::StatusOr<std::vector<ReceivedRecord>> Poll(std::size_t limit,
                                                     milliseconds wait) override {
      return consumer_->Poll(limit, wait);
    }
    absl::Status Commit(std::span<const Place> next) override {
      ++commits_;
      return consumer_->Commit(next);
    }
    absl::StatusOr<std::int64_t> Lag() override { return consumer_->Lag(); }

   private:
    const std::unique_ptr<Consumer> consumer_;
    int& commits_;
  };

  Bus& bus_;
};

TEST_F(ConsumerStepTest, SmallBatchesShareACommitAndTheLastOneIsCommittedAtTheEnd) {
  CountingBus bus(bus_);
  ConsumerStep step({.name = "group", .topics = {"t"}, .wait = milliseconds(0)}, bus, inbox_,
                    clock_, metrics_, log_);
  for (int i = 0; i < 40; ++i) {
    Produce({std::to_string(i)});
    step.Run();
    clock_.Advance(milliseconds(10));
  }
  EXPECT_EQ(bus.commits, 1);
  step.Stop();
  EXPECT_EQ(bus.commits, 2);

  Settle(*NewStep());

  EXPECT_EQ(inbox_.effects.size(), 40);
  EXPECT_EQ(Metric("lotura_consumer_duplicates_total"), 0);
}

TEST_F(ConsumerStepTest, FailureThatPassesHoldsBackAllThatFollowsAndSkipsNothing) {
  Produce({"1", "2", "3", "4"});
  inbox_.blocked = "3";
  const auto step = NewStep();
  Settle(*step);
  EXPECT_EQ(inbox_.effects, (Values{"1", "2"}));

  inbox_.blocked = "none";
  Settle(*step);

  EXPECT_EQ(inbox_.effects, (Values{"1", "2", "3", "4"}));
  EXPECT_EQ(Metric("lotura_consumer_duplicates_total"), 0);
}

TEST_F(ConsumerStepTest, PausesGrowUpToABoundAndAreNotCutShort) {
  Produce({"1"});
  inbox_.blocked = "1";
  const auto step = NewStep();
  std::vector<std::chrono::microseconds> pauses;
  for (int i = 0; i < 9; ++i) {
    pauses.push_back(step->Run());
    clock_.Advance(pauses.back());
  }

  EXPECT_EQ(pauses[0], milliseconds(100));
  EXPECT_EQ(pauses[1], milliseconds(200));
  EXPECT_EQ(pauses[8], milliseconds(10'000));
  step->Run();
  EXPECT_GT(step->Run(), milliseconds(0));
}

TEST_F(ConsumerStepTest, RecordsHandledBeforeACrashAreDuplicatesForTheNext) {
  Produce({"1", "2"});
  // The effects are made, then the broker is gone before the offsets are committed.
  class StopsBus final : public Inbox {
   public:
    StopsBus(FakeInbox& inbox, MemoryBus& bus) : inbox_(inbox), bus_(bus) {}
    Applied Apply(std::span<const ReceivedRecord> records, Deadline deadline) override {
      const Applied applied = inbox_.Apply(records, deadline);
      bus_.Stop();
      return applied;
    }
    absl::StatusOr<std::vector<DeadLetter>> Unannounced(std::size_t limit,
                                                        Deadline deadline) override {
      return inbox_.Unannounced(limit, deadline);
    }
    absl::Status MarkAnnounced(std::span<const DeadLetter> letters, Deadline deadline) override {
      return inbox_.MarkAnnounced(letters, deadline);
    }
    absl::StatusOr<std::size_t> CountParked(Deadline deadline) override {
      return inbox_.CountParked(deadline);
    }

   private:
    FakeInbox& inbox_;
    MemoryBus& bus_;
  };
  StopsBus dying(inbox_, bus_);
  ConsumerStep({.name = "group", .topics = {"t"}, .wait = milliseconds(0)}, bus_, dying, clock_,
               metrics_, log_)
      .Run();
  bus_.Start();

  Settle(*NewStep());

  EXPECT_EQ(inbox_.effects, (Values{"1", "2"}));
  EXPECT_EQ(Metric("lotura_consumer_duplicates_total"), 2);
}

TEST_F(ConsumerStepTest, DeadLetterGoesToItsTopicWithWhereItCameFromAndWhy) {
  Produce({"1", "poison", "2"});
  const auto step = NewStep();
  Settle(*step);

  const auto letters = bus_.RecordsOf("t.group.dlq");
  ASSERT_EQ(letters.size(), 1);
  EXPECT_EQ(letters[0].record.value, "poison");
  std::map<std::string, std::string> headers;
  for (const Header& header : letters[0].record.headers) headers[header.name] = header.value;
  EXPECT_EQ(headers["dlq_consumer"], "group");
  EXPECT_EQ(headers["dlq_reason"], "BAD");
  EXPECT_EQ(headers["dlq_topic"], "t");
  EXPECT_EQ(headers["dlq_partition"], "0");
  EXPECT_EQ(headers["dlq_offset"], "1");
  EXPECT_EQ(inbox_.letters.size(), 0);
  EXPECT_EQ(inbox_.effects, (Values{"1", "2"}));
  EXPECT_EQ(Metric("lotura_consumer_dead_letters_total"), 1);
}

TEST_F(ConsumerStepTest, DeadLettersFromBeforeAStartAreAnnouncedToo) {
  inbox_.letters.push_back({.key = "k",
                            .reason = "BAD",
                            .received = {.record = {.value = "old"}, .place = {.topic = "t"}}});

  Settle(*NewStep());

  EXPECT_EQ(bus_.RecordsOf("t.group.dlq").size(), 1);
}

TEST_F(ConsumerStepTest, DeadLettersThatARetryMadeAreAnnouncedToo) {
  const auto step = NewStep();
  Settle(*step);
  inbox_.letters.push_back({.key = "k",
                            .reason = "BAD",
                            .received = {.record = {.value = "old"}, .place = {.topic = "t"}}});

  Settle(*step);

  EXPECT_EQ(bus_.RecordsOf("t.group.dlq").size(), 1);
}

TEST_F(ConsumerStepTest, LagIsMeasured) {
  const auto step = NewStep(2);
  Produce({"1", "2", "3", "4", "5"});
  step->Run();

  EXPECT_EQ(Metric("lotura_consumer_lag_records"), 3);
  Settle(*step);
  EXPECT_EQ(Metric("lotura_consumer_lag_records"), 0);
}

TEST_F(ConsumerStepTest, ConsumerThatIsStuckMeasuresItsLag) {
  const Instant start = clock_.Now();
  ProduceAt("1", start - seconds(100));
  ProduceAt("2", start - seconds(50));
  inbox_.blocked = "2";
  inbox_.letters.push_back({.key = "k"});
  const auto step = NewStep();
  step->Run();
  Produce({"3", "4"});

  clock_.Advance(seconds(10));
  step->Run();

  EXPECT_EQ(Metric("lotura_consumer_lag_seconds"), 60);
  EXPECT_EQ(Metric("lotura_consumer_lag_records"), 3);
  EXPECT_EQ(Metric("lotura_consumer_parked_events"), 1);
}

TEST_F(ConsumerStepTest, ConsumerThatWasRestartedHoursBehindSaysSo) {
  ProduceAt("1", clock_.Now() - std::chrono::hours(5));
  inbox_.blocked = "1";

  NewStep()->Run();

  EXPECT_EQ(Metric("lotura_consumer_lag_seconds"), 5 * 3600);
}

TEST_F(ConsumerStepTest, LagGrowsWhileTheBusIsGone) {
  Produce({"1"});
  const auto step = NewStep();
  Settle(*step);
  ASSERT_EQ(Metric("lotura_consumer_lag_seconds"), 0);
  bus_.Stop();
  step->Run();

  clock_.Advance(seconds(30));
  step->Run();

  EXPECT_GE(Metric("lotura_consumer_lag_seconds"), 30);
  bus_.Start();
  Settle(*step);
  EXPECT_EQ(Metric("lotura_consumer_lag_seconds"), 0);
}

TEST_F(ConsumerStepTest, EventsThatExpiredBeforeTheyWereReadStopTheConsumer) {
  Produce({"1", "2", "3", "4"});
  auto step = NewStep(1);
  step->Run();
  step->Stop();
  bus_.Expire({"t", 0, 3});

  step = NewStep();
  Settle(*step);

  EXPECT_EQ(inbox_.effects, (Values{"1"}));
  EXPECT_GT(Metric("lotura_consumer_failures_total"), 5);
}

TEST_F(ConsumerStepTest, BatchThatTakesTooLongIsAppliedInParts) {
  Produce({"1", "2", "3", "4", "5", "6", "7"});
  inbox_.most = 2;

  Settle(*NewStep());

  EXPECT_EQ(inbox_.effects, (Values{"1", "2", "3", "4", "5", "6", "7"}));
}

}  // namespace
}  // namespace lotura::events
