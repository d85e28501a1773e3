// The bus that carries events between services: topics of partitions of records, in order within a
// partition.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"

namespace lotura::events {

struct Header {
  std::string name;
  std::string value;

  friend auto operator<=>(const Header&, const Header&) = default;
};

struct BusRecord {
  std::string topic;
  // Records of one key share a partition and keep the order in which they were produced.
  std::string key;
  std::vector<Header> headers;
  std::string value;

  friend auto operator<=>(const BusRecord&, const BusRecord&) = default;
};

struct Place {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;

  friend auto operator<=>(const Place&, const Place&) = default;
};

struct ReceivedRecord {
  BusRecord record;
  Place place;
};

// Calls `take` with where each partition goes on behind these records, once for each of its runs.
template <typename Take>
void ForEachNext(std::span<const ReceivedRecord> records, const Take& take) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Place& place = records[i].place;
    if (i + 1 < records.size() && records[i + 1].place.partition == place.partition &&
        records[i + 1].place.topic == place.topic) {
      continue;
    }
    take(Place{place.topic, place.partition, place.offset + 1});
  }
}

// Thread-safe. Records are sent in the order in which they were given; when one of a partition
// fails, none that was given after it is sent, until a new producer takes over. (With Kafka one
// request may still follow the very first record that a producer sends, if that is refused.)
class Producer {
 public:
  // Called exactly once for each record that was taken, from any thread, at the latest before the
  // destructor returns. OK means that the broker has it; an error, that it may or may not have it.
  // Must not block or call the producer.
  using Confirm = std::function<void(const absl::Status&)>;

  // Drops what was not sent yet.
  virtual ~Producer() = default;

  // RESOURCE_EXHAUSTED (PRODUCER_QUEUE_FULL): give it again when others were confirmed.
  // FAILED_PRECONDITION (PRODUCER_BROKEN): this producer sends nothing any more. The record was not
  // taken in either case.
  virtual absl::Status Produce(const BusRecord& record, Confirm confirm) = 0;
};

// One member of a group, used by one thread. The members share the partitions of their topics. A
// partition can change hands only inside of Poll; whoever handles all that a Poll returned before
// the next one has nothing in flight then.
class Consumer {
 public:
  virtual ~Consumer() = default;

  // The next records, in order within each partition; fewer than `limit`, or none, if no more came
  // within `wait`. FAILED_PRECONDITION: this consumer reads nothing any more, be it broken
  // (CONSUMER_BROKEN), or because the topic no longer has what comes next (EVENTS_EXPIRED).
  virtual absl::StatusOr<std::vector<ReceivedRecord>> Poll(std::size_t limit,
                                                           std::chrono::milliseconds wait) = 0;
  // Tells the broker that the group starts at these places from now on, and waits for no answer:
  // an error may come back from the next call. The destructor waits, within its bound. ABORTED
  // (PARTITION_LOST) if another member reads a partition by now: what was committed stays, and the
  // records come to that member.
  virtual absl::Status Commit(std::span<const Place> next) = 0;
  // Records that this member's partitions hold and Poll has not returned. UNAVAILABLE while the
  // broker does not answer or this member does not know its partitions.
  virtual absl::StatusOr<std::int64_t> Lag() = 0;
};

struct Subscription {
  // Members of one group share the work; each group gets every record.
  std::string group;
  std::vector<std::string> topics;
  // Lets a restarted process take its partitions back without a rebalance; empty: none.
  std::string instance;
};

struct TopicSpec {
  std::string name;
  std::int32_t partitions = 6;
  std::int32_t replicas = 1;
  // Replicas that must have a record before it counts as written.
  std::int32_t replicas_in_sync = 1;
  // Of a topic that is created; beyond, records are lost to whoever has not read them.
  std::chrono::hours retention{24 * 30};
};

// Thread-safe. Must outlive what it makes.
class Bus {
 public:
  virtual ~Bus() = default;

  virtual absl::StatusOr<std::unique_ptr<Producer>> NewProducer() = 0;
  // Reads from the oldest record on where the group has committed nothing.
  virtual absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(
      const Subscription& subscription) = 0;
  // Creates the topic if it does not exist. FAILED_PRECONDITION (TOPIC_MISMATCH) if it exists with
  // another number of partitions, which would scatter the records of a key, or fewer replicas.
  virtual absl::Status EnsureTopic(const TopicSpec& spec, Deadline deadline) = 0;
};

}  // namespace lotura::events
