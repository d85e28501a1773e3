// Processes that publish and consume events.
#pragma once

#include "libs/events/consumer_step.h"
#include "libs/events/relay_step.h"
#include "tests/simulation/faulty_bus.h"
#include "tests/simulation/faulty_journal.h"
#include "tests/simulation/plant.h"

namespace lotura::simulation {

class RelayProcess {
 public:
  RelayProcess(Plant& plant, std::string name);
  RelayProcess(const RelayProcess&) = delete;
  RelayProcess& operator=(const RelayProcess&) = delete;

  [[nodiscard]] Process& process() { return process_; }

 private:
  void Drive();

  Process process_;
  const std::unique_ptr<events::Journal> mutant_;
  FaultyJournal journal_;
  FaultyBus bus_;
  events::RelayStep step_;
};

class ConsumerProcess {
 public:
  ConsumerProcess(Plant& plant, std::string name);
  ConsumerProcess(const ConsumerProcess&) = delete;
  ConsumerProcess& operator=(const ConsumerProcess&) = delete;

  [[nodiscard]] Process& process() { return process_; }

 private:
  void Drive();

  Process process_;
  FaultyBus bus_;
  const std::unique_ptr<events::Inbox> inbox_;
  events::ConsumerStep step_;
};

}  // namespace lotura::simulation
