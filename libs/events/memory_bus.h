// A bus inside the process, for tests and simulations; it passes the same contract suite as Kafka.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "libs/events/bus.h"

namespace lotura::events {

class MemoryProducer;
class MemoryConsumer;

// Thread-safe. Confirms inside of Produce while it is up.
class MemoryBus final : public Bus {
 public:
  struct Limits {
    // Records that one producer holds while the bus is down.
    std::size_t queued = 10'000;
    // Records that one partition keeps; Produce beyond it fails.
    std::size_t kept = 1'000'000;
    // The largest value that a record may have.
    std::size_t record_bytes = 16 << 20;
  };

  MemoryBus() : MemoryBus(Limits{}) {}
  explicit MemoryBus(const Limits& limits) : limits_(limits) {}

  absl::StatusOr<std::unique_ptr<Producer>> NewProducer() override;
  absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(const Subscription& subscription) override;
  absl::Status EnsureTopic(const TopicSpec& spec, Deadline deadline) override;

  // The broker is gone: what is produced waits, nothing is read or committed.
  void Stop();
  void Start();
  // Every producer that exists loses what it holds and is broken.
  void BreakProducers();
  // The records of a partition before this offset have expired.
  void Expire(const Place& first);

  // Everything that a topic holds, partition by partition.
  [[nodiscard]] std::vector<ReceivedRecord> RecordsOf(const std::string& topic) const;

 private:
  friend class MemoryProducer;
  friend class MemoryConsumer;

  using PartitionKey = std::pair<std::string, std::int32_t>;
  struct Partition {
    std::vector<BusRecord> records;
    // Older ones have expired.
    std::int64_t first = 0;
  };

  struct Group {
    std::map<std::uint64_t, const MemoryConsumer*> members;
    std::uint64_t generation = 0;
    std::map<PartitionKey, std::int64_t> committed;
  };

  absl::Status AppendLocked(BusRecord record);
  std::set<PartitionKey> AssignedLocked(const Group& group, const MemoryConsumer& member) const;

  const Limits limits_;
  mutable std::mutex
      mutex_;  // guards everything below and the state of all producers and consumers
  std::condition_variable changed_;
  bool up_ = true;
  std::map<std::string, std::vector<Partition>> topics_;
  std::map<std::string, Group> groups_;
  std::set<MemoryProducer*> producers_;
  std::uint64_t members_made_ = 0;
};

}  // namespace lotura::events
