// Periods in which requests are remembered.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "libs/base/clock.h"

namespace lotura::resource {

inline constexpr std::chrono::days kRequestPeriod{7};
// Around a change of period a request is written to both, so that two replicas whose clocks differ
// by less than this, or two calls that run at the same time, meet in one of them.
inline constexpr std::chrono::seconds kPeriodOverlap{120};

// First day of the period that `now` belongs to.
std::chrono::sys_days PeriodOf(Instant now);
// The periods that a request committed now is written to: one, or two around a change.
std::vector<std::chrono::sys_days> PeriodsToWrite(Instant now);
// "request_20260115".
std::string PartitionOf(std::chrono::sys_days period);
// DDL that makes the partitions which requests of now and of the next period need, and drops those
// that are older than the previous one.
std::string PartitionScript(Instant now);

}  // namespace lotura::resource
