// What a consumer does with its events.
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <span>

#include "libs/events/event.h"
#include "libs/pg/database.h"

namespace lotura::events {

// Makes the effect of events, in the order in which they stand, within the transaction that
// remembers them. It changes nothing outside the transaction, since it may run again. UNAVAILABLE,
// ABORTED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, CANCELLED and UNKNOWN mean that it may succeed
// later: it is tried until it does. Any other error that comes back is the event's fault.
using EventHandler = std::function<absl::Status(pg::Tx&, std::span<const Event>)>;

}  // namespace lotura::events
