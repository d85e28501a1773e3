// The records of directory that say who may do what, kept beside the records that they are about.
#pragma once

#include <absl/status/status.h>

#include <span>

#include "libs/events/event.h"
#include "libs/pg/database.h"

namespace lotura::access {

// Takes users, clients with their keys, teams, roles, permission sets, assignments and tenants from
// the events of directory, in any order and as often as they come. What belongs to a person is left
// out.
absl::Status ProjectPolicy(pg::Tx& tx, std::span<const events::Event> events);

}  // namespace lotura::access
