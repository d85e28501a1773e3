// The consumer of analytics: turns the events of all services into facts.
#pragma once

#include <span>

#include "libs/events/event.h"
#include "libs/pg/database.h"

namespace lotura::analytics {

// Facts are the same whatever the order in which the records of different names come, and however
// often an event does.
absl::Status Project(pg::Tx& tx, std::span<const events::Event> events);

}  // namespace lotura::analytics
