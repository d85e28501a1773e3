// One seed from the first write to the last check.
#pragma once

#include "tests/simulation/checks.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/plant.h"

namespace lotura::simulation {

struct RunOptions {
  std::uint64_t seed = 1;
  Mutation mutation = Mutation::kNone;
  Lines lines = Lines::kDropped;
};

struct RunReport {
  std::uint64_t seed = 0;
  // The first invariant that did not hold, and how.
  std::optional<std::string> violation;
  // Of the whole history.
  std::uint64_t hash = 0;
  std::vector<std::string> lines;
  FaultCounts faults{};
  CheckCounts checks{};
  std::size_t writes = 0;
  // In the time of the simulation.
  World::Span span{0};
};

// A storm in which clients write and things go wrong; then all is healed and has to drain; then all
// is looked at.
RunReport Run(const Equipment& equipment, const RunOptions& options);

}  // namespace lotura::simulation
