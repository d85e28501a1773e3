// A member of a consumer group on librdkafka.
#pragma once

#include <map>
#include <utility>

#include "libs/events/kafka_config.h"

namespace lotura::events {

// Used by one thread. Nothing is committed but by Commit.
class KafkaConsumer final : public Consumer {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaConsumer>> Create(const KafkaOptions& options,
                                                               const Subscription& subscription,
                                                               const observe::Log& log);
  // Leaves the group when commits under way are answered, within a bound.
  ~KafkaConsumer() override;
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  absl::StatusOr<std::vector<ReceivedRecord>> Poll(std::size_t limit,
                                                   std::chrono::milliseconds wait) override;
  absl::Status Commit(std::span<const Place> next) override;
  absl::StatusOr<std::int64_t> Lag() override;

 private:
  using Positions = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;

  class Rebalance final : public RdKafka::RebalanceCb {
   public:
    explicit Rebalance(KafkaConsumer& owner) : owner_(owner) {}
    void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode code,
                      std::vector<RdKafka::TopicPartition*>& partitions) override;

   private:
    // Where the group has committed nothing, it begins at the oldest record. librdkafka would do so
    // also where what was committed is gone.
    void Assign(RdKafka::KafkaConsumer& consumer,
                std::vector<RdKafka::TopicPartition*>& partitions);

    KafkaConsumer& owner_;
  };

  class Answers final : public RdKafka::OffsetCommitCb {
   public:
    void offset_commit_cb(RdKafka::ErrorCode code,
                          std::vector<RdKafka::TopicPartition*>& /*partitions*/) override;

    // What went wrong since the last call.
    absl::Status Take() { return std::exchange(failed_, absl::OkStatus()); }

   private:
    absl::Status failed_;
  };

  KafkaConsumer(const KafkaOptions& options, const observe::Log& log)
      : events_(options, log), rebalance_(*this) {}

  // Why this consumer reads nothing any more, if it does not.
  absl::Status broken_;
  // The partitions that are ours with the offset that is read next; negative for the oldest.
  Positions positions_;
  bool rebalanced_ = false;
  // Whether the group has told which these are.
  bool is_assigned_ = false;
  KafkaEvents events_;
  Rebalance rebalance_;
  Answers answers_;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
};

}  // namespace lotura::events
