// Points in time and days of the calendar as messages carry them.
#pragma once

#include <google/protobuf/timestamp.pb.h>
#include <google/type/date.pb.h>

#include <chrono>
#include <optional>

#include "libs/base/clock.h"

namespace lotura {

using Day = std::chrono::sys_days;

// Cut to microseconds, and to the years 1 to 9999 that a timestamp may have.
Instant ToInstant(const google::protobuf::Timestamp& timestamp);
google::protobuf::Timestamp ToTimestamp(Instant instant);

// Nothing for a date without year, month or day, and for one that the calendar does not have.
std::optional<Day> ToDay(const google::type::Date& date);
google::type::Date ToDate(Day day);
// The day in UTC.
Day DayOf(Instant instant);

}  // namespace lotura
