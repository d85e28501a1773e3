#include "libs/base/calendar.h"

#include <gtest/gtest.h>

#include <limits>

namespace lotura {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

google::type::Date Date(int y, int m, int d) {
  google::type::Date date;
  date.set_year(y);
  date.set_month(m);
  date.set_day(d);
  return date;
}

TEST(CalendarTest, DaysThatDoNotExistAreRefused) {
  EXPECT_FALSE(ToDay(Date(2026, 2, 29)).has_value());
  EXPECT_FALSE(ToDay(Date(0, 2, 3)).has_value());
  EXPECT_FALSE(ToDay(Date(2026, 13, 1)).has_value());
  EXPECT_FALSE(ToDay(Date(2026, -1, 1)).has_value());
  EXPECT_TRUE(ToDay(Date(2024, 2, 29)).has_value());
}

TEST(CalendarTest, DaySurvivesTheWayThere) {
  const Day day = sys_days(year(2017) / 3 / 1);

  EXPECT_EQ(ToDay(ToDate(day)), day);
}

TEST(CalendarTest, TimeBeforeTheEpochKeepsItsFractionPositive) {
  const Instant instant(std::chrono::microseconds(-1));

  const auto timestamp = ToTimestamp(instant);

  EXPECT_EQ(timestamp.seconds(), -1);
  EXPECT_EQ(timestamp.nanos(), 999'999'000);
  EXPECT_EQ(ToInstant(timestamp), instant);
  EXPECT_EQ(DayOf(instant), sys_days(year(1969) / 12 / 31));
}

TEST(CalendarTest, TimeThatNoTimestampMayHaveIsCutToTheNearest) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(std::numeric_limits<std::int64_t>::max());

  EXPECT_EQ(DayOf(ToInstant(timestamp)), sys_days(year(9999) / 12 / 31));
}

}  // namespace
}  // namespace lotura
