// The broker: what it has outlives every process.
#pragma once

#include "libs/events/memory_bus.h"

namespace lotura::simulation {

// While it is not up it takes nothing and gives nothing, and whoever waits for it waits.
struct Broker {
  events::MemoryBus bus;
  bool up = true;
};

}  // namespace lotura::simulation
