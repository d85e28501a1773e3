// Records that wait in the database, as they were received.
#pragma once

#include <string>

#include "libs/events/bus.h"
#include "libs/pg/rows.h"

namespace lotura::events {

// lotura.events.v1.ParkedRecord in its binary form.
std::string ToParked(const BusRecord& record);

// Reads topic, partition, place and record from four neighboring columns.
ReceivedRecord ParkedAt(const pg::Rows& rows, std::size_t row, std::size_t column);

}  // namespace lotura::events
