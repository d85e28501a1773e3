// The broker as one process reaches it.
#pragma once

#include "tests/simulation/broker.h"
#include "tests/simulation/process.h"

namespace lotura::simulation {

class FaultyBus final : public events::Bus {
 public:
  FaultyBus(Process& process, Broker& broker) : process_(process), broker_(broker) {}

  absl::StatusOr<std::unique_ptr<events::Producer>> NewProducer() override;
  absl::StatusOr<std::unique_ptr<events::Consumer>> NewConsumer(
      const events::Subscription& subscription) override;
  absl::Status EnsureTopic(const events::TopicSpec& spec, Deadline deadline) override;

 private:
  Process& process_;
  Broker& broker_;
};

}  // namespace lotura::simulation
