// The gate between a consumer and its projection: closed while the projection is rebuilt.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "libs/pg/database.h"

namespace lotura::events {

// Who comes to the gate: the consumer that follows its topics, or the rebuild of its projection.
enum class Passenger { kConsumer, kRebuild };

// Lets one of them pass, until the transaction ends, and returns under which name the inbox
// remembers what is handled. UNAVAILABLE (CONSUMER_PAUSED) for a consumer whose projection is being
// rebuilt, FAILED_PRECONDITION (REBUILD_ENDED) for a rebuild that another has ended.
absl::StatusOr<std::string> PassGate(pg::Tx& tx, const std::string& consumer, Passenger passenger);

}  // namespace lotura::events
