// Projects the changes that services announce onto the timelines of the records that they concern.
#pragma once

#include <span>

#include "libs/events/event.h"
#include "libs/pg/database.h"

namespace lotura::communications {

// An event that was handled before changes nothing. Activities are not its business.
absl::Status ProjectChanges(pg::Tx& tx, std::span<const events::Event> events);

}  // namespace lotura::communications
