#include "tests/simulation/effects.h"

#include "libs/events/cloud_events.h"

namespace lotura::simulation {

void Effects::Make(const events::Event& event) {
  const std::string key = events::RecordKey(event.tenant, event.subject);
  made_.push_back({event.id, key, event.version()});
  State& state = states_[key];
  if (std::pair(event.epoch(), event.version()) <= std::pair(state.epoch, state.version)) return;
  state = {event.epoch(), event.version(), event.change.after().plain()};
}

}  // namespace lotura::simulation
