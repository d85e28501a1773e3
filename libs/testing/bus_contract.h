// What every bus must do: the same tests run against the one in memory and against a real broker.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include "libs/events/bus.h"
#include "libs/events/murmur2.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"

namespace lotura::testing {

using events::Bus;
using events::BusRecord;
using events::Consumer;
using events::PartitionOf;
using events::Place;
using events::Producer;
using events::ReceivedRecord;

// A backend has `bus()`, `Stop()` and `Start()` for the broker, `TooLarge()`, a size that it
// refuses, and `Expire(place)`, after which its partition begins there.
template <typename Backend>
class BusContract : public ::testing::Test {
 protected:
  static constexpr std::chrono::seconds kBound{60};

  BusContract() { EXPECT_THAT(bus().EnsureTopic({.name = topic_}, Soon()), IsOk()); }

  Bus& bus() { return backend_.bus(); }
  static Deadline Soon() { return Deadline::After(kBound); }

  BusRecord Record(std::string key, std::string value) const {
    return {
        .topic = topic_, .key = std::move(key), .headers = {{"n", "1"}}, .value = std::move(value)};
  }

  std::unique_ptr<Producer> NewProducer() { return bus().NewProducer().value(); }
  std::unique_ptr<Consumer> NewConsumer(const std::string& group = "group") {
    return bus().NewConsumer({.group = topic_ + "." + group, .topics = {topic_}}).value();
  }

  // Produces and waits until all are confirmed.
  void ProduceAll(const std::vector<BusRecord>& records) {
    const auto producer = NewProducer();
    std::atomic<std::size_t> confirmed = 0;
    for (const BusRecord& record : records) {
      ASSERT_THAT(producer->Produce(record,
                                    [&confirmed](const absl::Status& status) {
                                      confirmed += status.ok() ? 1 : 0;
                                    }),
                  IsOk());
    }
    ASSERT_TRUE(Eventually([&] { return confirmed == records.size(); }, kBound));
  }

  // Polls until `count` records came.
  static std::vector<ReceivedRecord> Read(Consumer& consumer, std::size_t count) {
    std::vector<ReceivedRecord> all;
    const Deadline deadline = Soon();
    while (all.size() < count && !deadline.Passed()) {
      auto some = consumer.Poll(count - all.size(), std::chrono::milliseconds(100));
      EXPECT_THAT(some, IsOk());
      if (some.ok()) all.insert(all.end(), some->begin(), some->end());
    }
    EXPECT_EQ(all.size(), count);
    return all;
  }

  static std::vector<Place> Next(const std::vector<ReceivedRecord>& records) {
    std::map<std::int32_t, Place> next;
    for (const ReceivedRecord& record : records) {
      next[record.place.partition] = {record.place.topic, record.place.partition,
                                      record.place.offset + 1};
    }
    std::vector<Place> places;
    places.reserve(next.size());
    for (const auto& [partition, place] : next) places.push_back(place);
    return places;
  }

  static std::multiset<std::string> Values(const std::vector<ReceivedRecord>& records) {
    std::multiset<std::string> values;
    for (const ReceivedRecord& record : records) values.insert(record.record.value);
    return values;
  }

  static inline int topics = 0;
  Backend backend_;
  const std::string topic_ = "contract.t" + std::to_string(++topics);
};

TYPED_TEST_SUITE_P(BusContract);

TYPED_TEST_P(BusContract, RecordArrivesAsItWasProduced) {
  BusRecord record = this->Record("tenant/a", std::string("\0\xff value", 8));
  record.headers = {{"ce_id", "1"}, {"empty", ""}, {"ce_type", "t"}};

  this->ProduceAll({record});

  const auto consumer = this->NewConsumer();
  EXPECT_EQ(this->Read(*consumer, 1).at(0).record, record);
}

TYPED_TEST_P(BusContract, KeysLieWhereKafkasPartitionerPutsThemAndKeepTheirOrder) {
  std::vector<BusRecord> records;
  records.reserve(200);
  for (int i = 0; i < 200; ++i) {
    records.push_back(this->Record("key" + std::to_string(i % 20), std::to_string(i)));
  }

  this->ProduceAll(records);

  const auto consumer = this->NewConsumer();
  std::map<std::string, std::vector<int>> by_key;
  for (const ReceivedRecord& received : this->Read(*consumer, 200)) {
    EXPECT_EQ(received.place.partition, PartitionOf(received.record.key, 6));
    by_key[received.record.key].push_back(std::stoi(received.record.value));
  }
  EXPECT_EQ(by_key.size(), 20);
  for (const auto& [key, values] : by_key) EXPECT_TRUE(std::ranges::is_sorted(values)) << key;
}

TYPED_TEST_P(BusContract, WhatWasNotCommittedComesAgainToTheNextMember) {
  this->ProduceAll({this->Record("k", "1"), this->Record("k", "2"), this->Record("k", "3")});
  {
    const auto consumer = this->NewConsumer();
    const auto first = this->Read(*consumer, 2);
    ASSERT_THAT(consumer->Commit(this->Next({first.front()})), IsOk());
  }

  const auto consumer = this->NewConsumer();

  EXPECT_EQ(this->Values(this->Read(*consumer, 2)), (std::multiset<std::string>{"2", "3"}));
}

TYPED_TEST_P(BusContract, EachGroupGetsEveryRecord) {
  this->ProduceAll({this->Record("k", "1"), this->Record("l", "2")});

  const auto one = this->NewConsumer("one");
  const auto two = this->NewConsumer("two");

  EXPECT_EQ(this->Read(*one, 2).size(), 2);
  EXPECT_EQ(this->Read(*two, 2).size(), 2);
}

TYPED_TEST_P(BusContract, MembersShareThePartitionsAndTakeOverWhatOneLeaves) {
  auto first = this->NewConsumer();
  auto second = this->NewConsumer();
  std::multiset<std::string> seen;
  const auto poll = [&](Consumer& consumer) {
    const auto records = consumer.Poll(100, std::chrono::milliseconds(50)).value();
    const auto values = this->Values(records);
    if (consumer.Commit(this->Next(records)).ok()) seen.insert(values.begin(), values.end());
    return records.size();
  };
  std::multiset<std::string> produced;
  std::size_t first_got = 0;
  std::size_t second_got = 0;
  constexpr int kRound = 12;
  int round = 0;
  const bool shared = Eventually(
      [&] {
        std::vector<BusRecord> records;
        records.reserve(kRound);
        ++round;
        for (int i = 0; i < kRound; ++i)
          records.push_back(this->Record("k" + std::to_string(i), fmt::format("{}/{}", round, i)));
        for (const BusRecord& record : records) produced.insert(record.value);
        this->ProduceAll(records);
        first_got += poll(*first);
        second_got += poll(*second);
        return first_got > 0 && second_got > 0;
      },
      this->kBound);
  EXPECT_TRUE(shared);

  first.reset();

  EXPECT_TRUE(Eventually(
      [&] {
        poll(*second);
        return std::ranges::includes(seen, produced);
      },
      this->kBound));
}

TYPED_TEST_P(BusContract, LagCountsWhatWasNotRead) {
  this->ProduceAll({this->Record("k", "1"), this->Record("k", "2"), this->Record("l", "3")});
  const auto consumer = this->NewConsumer();
  const auto read = this->Read(*consumer, 1);

  EXPECT_EQ(consumer->Lag().value(), 2);
  this->Read(*consumer, 2);
  EXPECT_EQ(consumer->Lag().value(), 0);
}

TYPED_TEST_P(BusContract, PositionThatExpiredIsAnErrorAndANewGroupBeginsAtTheOldestRecord) {
  this->ProduceAll({this->Record("k", "1"), this->Record("k", "2"), this->Record("k", "3")});
  std::vector<ReceivedRecord> first;
  {
    const auto consumer = this->NewConsumer();
    first = this->Read(*consumer, 1);
    ASSERT_THAT(consumer->Commit(this->Next(first)), IsOk());
  }
  Place oldest = first.at(0).place;
  oldest.offset += 2;
  this->backend_.Expire(oldest);

  const auto late = this->NewConsumer();
  absl::Status status;
  EXPECT_TRUE(Eventually(
      [&] {
        status = late->Poll(10, std::chrono::milliseconds(100)).status();
        return !status.ok();
      },
      this->kBound));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "EVENTS_EXPIRED"));
  EXPECT_EQ(this->Values(this->Read(*this->NewConsumer("new"), 1)),
            (std::multiset<std::string>{"3"}));
}

TYPED_TEST_P(BusContract, TopicIsCreatedOnceAndAnotherShapeIsRefused) {
  EXPECT_THAT(this->bus().EnsureTopic({.name = this->topic_}, this->Soon()), IsOk());
  EXPECT_THAT(this->bus().EnsureTopic({.name = this->topic_, .partitions = 7}, this->Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TOPIC_MISMATCH"));
}

TYPED_TEST_P(BusContract, RecordsWaitForABrokerThatIsGoneAndArriveInOrder) {
  const auto producer = this->NewProducer();
  std::atomic<int> confirmed = 0;
  const auto confirm = [&confirmed](const absl::Status& status) {
    confirmed += status.ok() ? 1 : 1000;
  };
  ASSERT_THAT(producer->Produce(this->Record("k", "0"), confirm), IsOk());
  ASSERT_TRUE(Eventually([&] { return confirmed == 1; }, this->kBound));

  this->backend_.Stop();
  for (int i = 1; i < 50; ++i) {
    ASSERT_THAT(producer->Produce(this->Record("k", std::to_string(i)), confirm), IsOk());
  }
  EXPECT_EQ(confirmed, 1);
  this->backend_.Start();

  EXPECT_TRUE(Eventually([&] { return confirmed == 50; }, this->kBound));
  const auto consumer = this->NewConsumer();
  int expected = 0;
  for (const ReceivedRecord& received : this->Read(*consumer, 50)) {
    EXPECT_EQ(received.record.value, std::to_string(expected++));
  }
}

TYPED_TEST_P(BusContract, ProducerThatGoesTellsOfEachRecordThatWasNotConfirmed) {
  auto producer = this->NewProducer();
  this->backend_.Stop();
  std::atomic<int> failed = 0;
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(
        producer->Produce(this->Record("k", std::to_string(i)),
                          [&failed](const absl::Status& status) { failed += status.ok() ? 0 : 1; }),
        IsOk());
  }

  producer.reset();

  EXPECT_EQ(failed, 10);
  this->backend_.Start();
}

TYPED_TEST_P(BusContract, NothingFollowsARecordThatFailed) {
  const auto producer = this->NewProducer();
  std::atomic<int> failed = 0;
  BusRecord lost = this->Record("k", "lost");
  lost.value.assign(this->backend_.TooLarge(), 'x');
  const auto confirm = [&failed](const absl::Status& status) { failed += status.ok() ? 0 : 1; };
  const absl::Status taken = producer->Produce(lost, confirm);

  EXPECT_TRUE(!taken.ok() || Eventually([&] { return failed == 1; }, this->kBound));

  EXPECT_THAT(producer->Produce(this->Record("k", "next"), confirm),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PRODUCER_BROKEN"));
}

TYPED_TEST_P(BusContract, FullQueueIsSaidAndNothingIsLost) {
  const auto producer = this->NewProducer();
  this->backend_.Stop();
  std::size_t taken = 0;
  std::atomic<std::size_t> confirmed = 0;
  absl::Status status;
  while (status.ok() && taken < 100'000) {
    status = producer->Produce(
        this->Record("k", std::to_string(taken)),
        [&confirmed](const absl::Status& outcome) { confirmed += outcome.ok() ? 1 : 0; });
    taken += status.ok() ? 1 : 0;
  }

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, "PRODUCER_QUEUE_FULL"));
  this->backend_.Start();
  EXPECT_TRUE(Eventually([&] { return confirmed == taken; }, this->kBound));
}

TYPED_TEST_P(BusContract, MemberThatGoesWaitsForABrokerThatIsGoneWithinItsBound) {
  this->ProduceAll({this->Record("k", "1")});
  auto consumer = this->NewConsumer();
  const auto read = this->Read(*consumer, 1);

  this->backend_.Stop();
  consumer->Commit(this->Next(read)).IgnoreError();
  const auto began = std::chrono::steady_clock::now();
  consumer.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  this->backend_.Start();
}

REGISTER_TYPED_TEST_SUITE_P(BusContract, RecordArrivesAsItWasProduced,
                            KeysLieWhereKafkasPartitionerPutsThemAndKeepTheirOrder,
                            WhatWasNotCommittedComesAgainToTheNextMember, EachGroupGetsEveryRecord,
                            MembersShareThePartitionsAndTakeOverWhatOneLeaves,
                            LagCountsWhatWasNotRead,
                            PositionThatExpiredIsAnErrorAndANewGroupBeginsAtTheOldestRecord,
                            TopicIsCreatedOnceAndAnotherShapeIsRefused,
                            RecordsWaitForABrokerThatIsGoneAndArriveInOrder,
                            ProducerThatGoesTellsOfEachRecordThatWasNotConfirmed,
                            NothingFollowsARecordThatFailed, FullQueueIsSaidAndNothingIsLost,
                            MemberThatGoesWaitsForABrokerThatIsGoneWithinItsBound);

}  // namespace lotura::testing
