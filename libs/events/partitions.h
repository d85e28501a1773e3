// Tables that are partitioned by day: the partition of a day is called <table>_YYYYMMDD.
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/events/day_window.h"
#include "libs/pg/database.h"

namespace lotura::events {

inline Day DayOf(Instant instant) { return std::chrono::floor<std::chrono::days>(instant); }

// The days that have a partition, in order.
std::vector<Day> DaysOf(pg::Tx& tx, const std::string& table);

// Makes the partitions that are missing from yesterday until `ahead` days after today. Safe to call
// from many processes at once, and beside writers. Goes on when a day fails, and returns why the
// first one did.
absl::Status AddDays(pg::Database& database, const std::string& table, Day today, int ahead,
                     Deadline deadline);

// FAILED_PRECONDITION (PARTITION_MISSING) if one of the tables has none for today or tomorrow: a
// service that starts without would fail at its first write, or at midnight.
absl::Status CheckPartitions(pg::Database& database, std::span<const std::string> tables, Day today,
                             Deadline deadline);

}  // namespace lotura::events
