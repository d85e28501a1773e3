// Keeps the entries of activities as the activities are.
#pragma once

#include <span>

#include "libs/events/event.h"
#include "libs/pg/database.h"

namespace lotura::communications {

// An activity stands on the timeline of each record that it regards and of each participant, once.
absl::Status ProjectActivities(pg::Tx& tx, std::span<const events::Event> events);

}  // namespace lotura::communications
