// Projects what reports are grouped by: users, teams, organizations, products and stages.
#pragma once

#include <span>

#include "libs/events/event.h"
#include "libs/pg/database.h"

namespace lotura::analytics {

// Takes what concerns it of the events, in any order and as often as they come.
absl::Status ProjectDimensions(pg::Tx& tx, std::span<const events::Event> events);

}  // namespace lotura::analytics
