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

// Passes the log lines of a client of librdkafka on. When a broker refuses its password it gets the
// one that is in the file by now, or else the one before, which other brokers may still want. Other
// errors are no news: they come back as results.
class KafkaEvents final : public RdKafka::EventCb {
 public:
  KafkaEvents(const KafkaOptions& options, const observe::Log& log)
      : username_(options.username),
        password_(options.password),
        log_(log),
        used_(password_.Read().value_or("")) {}

  // Which client it hears of, who has the password that there was at first; it is polled no more
  // when this ends.
  void Follow(RdKafka::Handle& client) { client_ = &client; }
  void event_cb(RdKafka::Event& event) override;

 private:
  void ChangePassword();

  const std::string username_;
  const Secret password_;
  const observe::Log log_;
  RdKafka::Handle* client_ = nullptr;
  // What the client has, and had before.
  std::string used_;
  std::string before_;
};

// The settings that all clients share and `settings`; those of the installation come last. INTERNAL
// if librdkafka knows none of that name or value; UNAVAILABLE if the password cannot be read.
absl::StatusOr<std::unique_ptr<RdKafka::Conf>> NewKafkaConf(const KafkaOptions& options,
                                                            const KafkaSettings& settings);

}  // namespace lotura::events
