#include "libs/host/callers.h"

namespace lotura::host {
namespace {

// How long a use of a key may be known to this process alone.
constexpr std::chrono::seconds kUsesPeriod{10};

}  // namespace

Callers::Callers(const Parts& parts, const observe::Metrics& metrics, const observe::Log& log)
    : parts_(parts),
      keys_({parts.tokens, parts.authority, uses_, parts.clock}, metrics),
      teller_({.name = "key_uses"}, metrics, log, [this] {
        uses_.Tell(parts_.moments, parts_.clock.Now());
        return std::chrono::microseconds(kUsesPeriod);
      }) {}

void Callers::Stop() {
  teller_.Stop();
  uses_.Tell(parts_.moments, parts_.clock.Now());
}

}  // namespace lotura::host
