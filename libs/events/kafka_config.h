// What producers, consumers and the administration of topics share in how they use librdkafka.
#pragma once

#include <absl/status/statusor.h>
#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/events/kafka_bus.h"

namespace lotura::events {

using KafkaSettings = std::vector<std::pair<std::string, std::string>>;

// Passes the log lines of librdkafka on. Its errors are no news: they come back as results.
class KafkaLog final : public RdKafka::EventCb {
 public:
  explicit KafkaLog(observe::Log log) : log_(std::move(log)) {}
  void event_cb(RdKafka::Event& event) override;

 private:
  const observe::Log log_;
};

// The settings that all clients share and `settings`; those of the installation come last. INTERNAL
// if librdkafka knows none of that name or value.
absl::StatusOr<std::unique_ptr<RdKafka::Conf>> NewKafkaConf(const KafkaOptions& options,
                                                            const KafkaSettings& settings);

}  // namespace lotura::events
