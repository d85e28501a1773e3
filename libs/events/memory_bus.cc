#include "libs/events/memory_bus.h"

#include <deque>

#include "libs/base/errors.h"
#include "libs/events/murmur2.h"

namespace lotura::events {
namespace {

absl::Status Down() { return Unavailable("BUS_UNAVAILABLE", "the bus is not available"); }
absl::Status Broken() {
  return FailedPrecondition("PRODUCER_BROKEN", "the producer sends nothing any more");
}

}  // namespace

class MemoryProducer final : public Producer {
 public:
  explicit MemoryProducer(MemoryBus& bus) : bus_(bus) {
    const std::lock_guard lock(bus_.mutex_);
    bus_.producers_.insert(this);
  }

  ~MemoryProducer() override {
    std::deque<Waiting> dropped;
    {
      const std::lock_guard lock(bus_.mutex_);
      bus_.producers_.erase(this);
      dropped.swap(waiting_);
    }
    for (const Waiting& one : dropped) one.confirm(Down());
  }

  absl::Status Produce(const BusRecord& record, Confirm confirm) override {
    absl::Status outcome;
    {
      const std::lock_guard lock(bus_.mutex_);
      if (broken_) return Broken();
      if (!bus_.up_) {
        if (waiting_.size() >= bus_.limits_.queued) {
          return ResourceExhausted("PRODUCER_QUEUE_FULL", "too many records wait to be sent", 10);
        }
        waiting_.push_back({record, std::move(confirm)});
        return absl::OkStatus();
      }
      outcome = bus_.AppendLocked(record);
      broken_ = !outcome.ok();
    }
    confirm(outcome);
    return absl::OkStatus();
  }

 private:
  friend class MemoryBus;

  struct Waiting {
    BusRecord record;
    Confirm confirm;
  };

  MemoryBus& bus_;
  std::deque<Waiting> waiting_;
  bool broken_ = false;
};

class MemoryConsumer final : public Consumer {
 public:
  MemoryConsumer(MemoryBus& bus, const Subscription& subscription)
      : bus_(bus), group_name_(subscription.group), topics_(subscription.topics) {
    const std::lock_guard lock(bus_.mutex_);
    id_ = ++bus_.members_made_;
    group().members.emplace(id_, this);
    ++group().generation;
  }

  ~MemoryConsumer() override {
    const std::lock_guard lock(bus_.mutex_);
    group().members.erase(id_);
    ++group().generation;
    bus_.changed_.notify_all();
  }

  absl::StatusOr<std::vector<ReceivedRecord>> Poll(std::size_t limit,
                                                   std::chrono::milliseconds wait) override {
    const Deadline deadline = Deadline::After(wait);
    std::unique_lock lock(bus_.mutex_);
    for (;;) {
      std::vector<ReceivedRecord> records;
      if (bus_.up_) {
        FollowGroup();
        LOTURA_RETURN_IF_ERROR(CheckPositions());
        records = Take(limit);
      }
      if (!records.empty() || deadline.Passed()) return records;
      bus_.changed_.wait_until(lock, deadline.at());
    }
  }

  absl::Status Commit(std::span<const Place> next) override {
    const std::lock_guard lock(bus_.mutex_);
    if (!bus_.up_) return Down();
    const auto mine = bus_.AssignedLocked(group(), *this);
    for (const Place& place : next) {
      if (generation_ != group().generation || !mine.contains({place.topic, place.partition})) {
        return Aborted("PARTITION_LOST", "another member of the group reads the partition");
      }
    }
    for (const Place& place : next) {
      group().committed[{place.topic, place.partition}] = place.offset;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::int64_t> Lag() override {
    const std::lock_guard lock(bus_.mutex_);
    if (!bus_.up_) return Down();
    FollowGroup();
    std::int64_t lag = 0;
    for (const auto& [key, position] : positions_) {
      lag += static_cast<std::int64_t>(PartitionOfKey(key).records.size()) - position;
    }
    return lag;
  }

  [[nodiscard]] const std::vector<std::string>& topics() const { return topics_; }

 private:
  MemoryBus::Group& group() { return bus_.groups_[group_name_]; }

  MemoryBus::Partition& PartitionOfKey(const MemoryBus::PartitionKey& key) {
    return bus_.topics_.at(key.first)[static_cast<std::size_t>(key.second)];
  }

  // Starts over at what was committed when the members, and with them the shares, changed.
  void FollowGroup() {
    const auto mine = bus_.AssignedLocked(group(), *this);
    if (generation_ != group().generation) positions_.clear();
    generation_ = group().generation;
    for (const auto& key : mine) {
      const auto committed = group().committed.find(key);
      positions_.emplace(key, committed == group().committed.end() ? PartitionOfKey(key).first
                                                                   : committed->second);
    }
  }

  absl::Status CheckPositions() {
    for (const auto& [key, position] : positions_) {
      if (position >= PartitionOfKey(key).first) continue;
      return FailedPrecondition("EVENTS_EXPIRED", "the topic no longer has what comes next",
                                {{"topic", key.first}, {"partition", std::to_string(key.second)}});
    }
    return absl::OkStatus();
  }

  std::vector<ReceivedRecord> Take(std::size_t limit) {
    std::vector<ReceivedRecord> taken;
    for (auto& [key, position] : positions_) {
      const std::vector<BusRecord>& partition = PartitionOfKey(key).records;
      while (taken.size() < limit && position < static_cast<std::int64_t>(partition.size())) {
        taken.push_back(
            {partition[static_cast<std::size_t>(position)], {key.first, key.second, position}});
        ++position;
      }
    }
    return taken;
  }

  MemoryBus& bus_;
  const std::string group_name_;
  const std::vector<std::string> topics_;
  std::uint64_t id_ = 0;
  std::uint64_t generation_ = 0;
  std::map<MemoryBus::PartitionKey, std::int64_t> positions_;
};

absl::StatusOr<std::unique_ptr<Producer>> MemoryBus::NewProducer() {
  return std::make_unique<MemoryProducer>(*this);
}

absl::StatusOr<std::unique_ptr<Consumer>> MemoryBus::NewConsumer(const Subscription& subscription) {
  return std::make_unique<MemoryConsumer>(*this, subscription);
}

absl::Status MemoryBus::EnsureTopic(const TopicSpec& spec, Deadline /*deadline*/) {
  const std::lock_guard lock(mutex_);
  if (!up_) return Down();
  const auto partitions = static_cast<std::size_t>(spec.partitions);
  const auto [topic, created] = topics_.try_emplace(spec.name, partitions);
  if (!created && topic->second.size() != partitions) {
    return FailedPrecondition("TOPIC_MISMATCH", "the topic exists with other partitions",
                              {{"topic", spec.name}});
  }
  return absl::OkStatus();
}

void MemoryBus::Stop() {
  const std::lock_guard lock(mutex_);
  up_ = false;
}

void MemoryBus::Start() {
  std::vector<std::pair<Producer::Confirm, absl::Status>> confirmed;
  {
    const std::lock_guard lock(mutex_);
    up_ = true;
    for (MemoryProducer* producer : producers_) {
      for (auto& one : producer->waiting_) {
        absl::Status outcome = producer->broken_ ? Broken() : AppendLocked(std::move(one.record));
        producer->broken_ = !outcome.ok();
        confirmed.emplace_back(std::move(one.confirm), std::move(outcome));
      }
      producer->waiting_.clear();
    }
    changed_.notify_all();
  }
  for (const auto& [confirm, status] : confirmed) confirm(status);
}

void MemoryBus::BreakProducers() {
  std::vector<Producer::Confirm> lost;
  {
    const std::lock_guard lock(mutex_);
    for (MemoryProducer* producer : producers_) {
      producer->broken_ = true;
      for (auto& one : producer->waiting_) lost.push_back(std::move(one.confirm));
      producer->waiting_.clear();
    }
  }
  for (const auto& confirm : lost) confirm(Broken());
}

void MemoryBus::Expire(const Place& first) {
  const std::lock_guard lock(mutex_);
  topics_.at(first.topic)[static_cast<std::size_t>(first.partition)].first = first.offset;
}

std::vector<ReceivedRecord> MemoryBus::RecordsOf(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  std::vector<ReceivedRecord> records;
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return records;
  for (std::size_t partition = 0; partition < found->second.size(); ++partition) {
    std::int64_t offset = 0;
    for (const BusRecord& record : found->second[partition].records) {
      records.push_back({record, {topic, static_cast<std::int32_t>(partition), offset++}});
    }
  }
  return records;
}

absl::Status MemoryBus::AppendLocked(BusRecord record) {
  const auto topic = topics_.find(record.topic);
  if (topic == topics_.end()) {
    return FailedPrecondition("TOPIC_MISSING", "the topic does not exist",
                              {{"topic", record.topic}});
  }
  if (record.value.size() > limits_.record_bytes) {
    return Error(absl::StatusCode::kInvalidArgument, "RECORD_TOO_LARGE", "the record is too large");
  }
  const std::int32_t partition =
      PartitionOf(record.key, static_cast<std::int32_t>(topic->second.size()));
  std::vector<BusRecord>& records = topic->second[static_cast<std::size_t>(partition)].records;
  if (records.size() >= limits_.kept) {
    return ResourceExhausted("TOPIC_FULL", "the topic keeps no more records", 1000);
  }
  records.push_back(std::move(record));
  changed_.notify_all();
  return absl::OkStatus();
}

std::set<MemoryBus::PartitionKey> MemoryBus::AssignedLocked(const Group& group,
                                                            const MemoryConsumer& member) const {
  std::set<PartitionKey> assigned;
  for (const std::string& topic : member.topics()) {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) continue;
    std::size_t readers = 0;
    std::size_t rank = 0;
    for (const auto& [id, other] : group.members) {
      if (std::ranges::find(other->topics(), topic) == other->topics().end()) continue;
      if (other == &member) rank = readers;
      ++readers;
    }
    for (std::size_t i = rank; i < found->second.size(); i += readers) {
      assigned.emplace(topic, static_cast<std::int32_t>(i));
    }
  }
  return assigned;
}

}  // namespace lotura::events
