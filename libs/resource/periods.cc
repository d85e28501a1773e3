#include "libs/resource/periods.h"

#include <fmt/format.h>

namespace lotura::resource {
namespace {

std::string IsoDate(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// Partitions are dropped until this many periods back, so that a process that stood still for a
// while leaves none behind.
constexpr int kPeriodsToDrop = 8;

}  // namespace

std::chrono::sys_days PeriodOf(Instant now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  return day - (day.time_since_epoch() % kRequestPeriod);
}

std::vector<std::chrono::sys_days> PeriodsToWrite(Instant now) {
  const auto before = PeriodOf(now - kPeriodOverlap);
  const auto after = PeriodOf(now + kPeriodOverlap);
  return before == after ? std::vector{before} : std::vector{before, after};
}

std::string PartitionOf(std::chrono::sys_days period) {
  std::string date = IsoDate(period);
  std::erase(date, '-');
  return "request_" + date;
}

std::string PartitionScript(Instant now) {
  const auto current = PeriodOf(now);
  std::string script;
  for (const auto period : {current - kRequestPeriod, current, current + kRequestPeriod}) {
    script +=
        fmt::format("CREATE TABLE IF NOT EXISTS {} PARTITION OF request FOR VALUES IN ('{}');\n",
                    PartitionOf(period), IsoDate(period));
  }
  for (int back = 2; back < 2 + kPeriodsToDrop; ++back) {
    script +=
        fmt::format("DROP TABLE IF EXISTS {};\n", PartitionOf(current - back * kRequestPeriod));
  }
  return script;
}

}  // namespace lotura::resource
