// Kafka as the bus, by librdkafka.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "libs/base/secret.h"
#include "libs/events/bus.h"
#include "libs/observe/log.h"

namespace lotura::events {

struct KafkaOptions {
  // "host:port,host:port".
  std::string brokers;
  // What the broker's logs and quotas call this process.
  std::string client_id = "lotura";
  // Settings of librdkafka beside ours, for example of "security.protocol" and "sasl.mechanisms".
  std::map<std::string, std::string> security = {};
  // With SASL. When a broker refuses the password it is read anew.
  std::string username = {};
  Secret password = {};
  // Records and bytes that one producer holds.
  std::size_t queued_records = 10'000;
  std::size_t queued_bytes = 64 << 20;
  // Bytes that one consumer fetches ahead.
  std::size_t fetched_bytes = 16 << 20;
  // The largest record that a topic takes.
  std::size_t record_bytes = 16 << 20;
  // A consumer that the broker did not hear of for so long loses its partitions: after a crash they
  // are read again no sooner. Brokers take no less by default. Losing them by mistake costs a
  // rebalance and nothing else, since the inbox knows what was handled.
  std::chrono::milliseconds session{6'000};
};

// Thread-safe.
class KafkaBus final : public Bus {
 public:
  KafkaBus(KafkaOptions options, const observe::Log& log)
      : options_(std::move(options)), log_(log) {}

  absl::StatusOr<std::unique_ptr<Producer>> NewProducer() override;
  absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(const Subscription& subscription) override;
  absl::Status EnsureTopic(const TopicSpec& spec, Deadline deadline) override;

 private:
  const KafkaOptions options_;
  const observe::Log log_;
};

}  // namespace lotura::events
