// Who lets processes die and takes things away on purpose, and gives them back.
#pragma once

#include "tests/simulation/event_processes.h"
#include "tests/simulation/replicas.h"
#include "tests/simulation/service_process.h"

namespace lotura::simulation {

struct Crew {
  explicit Crew(Plant& plant)
      : services(plant, "service", 2), relays(plant, "relay", 2), consumers(plant, "consumer", 2) {}

  Replicas<ServiceProcess> services;
  Replicas<RelayProcess> relays;
  Replicas<ConsumerProcess> consumers;
};

// An actor of its own, until it is told to stop.
class Nemesis {
 public:
  Nemesis(Plant& plant, Crew& crew) : plant_(plant), crew_(crew) {}

  void Run();
  // From then on nothing goes wrong any more. What was taken away is given back, and who has died
  // comes back.
  void Stop() { stopped_ = true; }

 private:
  void Strike(Fault fault);
  void Disturb(Fault fault);
  template <typename Kind>
  void Kill(Replicas<Kind>& replicas);
  template <typename Kind>
  void Halt(Replicas<Kind>& replicas);
  void OpenTransaction();
  void TakeBrokerAway();
  void TakeCacheAway();
  // A member that joins and leaves at once moves all partitions.
  void Rebalance();
  World::Span Some(std::chrono::milliseconds least, std::chrono::milliseconds most);

  Plant& plant_;
  Crew& crew_;
  bool stopped_ = false;
};

}  // namespace lotura::simulation
