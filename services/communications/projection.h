// The consumer of communications: turns the events of all services, its own among them, into
// timelines.
#pragma once

#include <span>

#include "libs/events/event.h"
#include "libs/pg/database.h"

namespace lotura::communications {

absl::Status Project(pg::Tx& tx, std::span<const events::Event> events);

}  // namespace lotura::communications
