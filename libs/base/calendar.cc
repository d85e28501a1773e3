#include "libs/base/calendar.h"

#include <algorithm>

namespace lotura {
namespace {

constexpr std::chrono::seconds kFirst = Day(std::chrono::year(1) / 1 / 1).time_since_epoch();
constexpr std::chrono::seconds kLast =
    Day(std::chrono::year(9999) / 12 / 31).time_since_epoch() + std::chrono::seconds(86399);

}  // namespace

Instant ToInstant(const google::protobuf::Timestamp& timestamp) {
  const auto seconds = std::clamp(std::chrono::seconds(timestamp.seconds()), kFirst, kLast);
  return Instant(seconds + std::chrono::microseconds(timestamp.nanos() / 1000));
}

google::protobuf::Timestamp ToTimestamp(Instant instant) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(
      static_cast<std::int32_t>(std::chrono::nanoseconds(instant - seconds).count()));
  return timestamp;
}

std::optional<Day> ToDay(const google::type::Date& date) {
  if (date.year() < 1 || date.year() > 9999 || date.month() < 1 || date.month() > 12 ||
      date.day() < 1 || date.day() > 31) {
    return std::nullopt;
  }
  const std::chrono::year_month_day day{std::chrono::year(date.year()),
                                        std::chrono::month(static_cast<unsigned>(date.month())),
                                        std::chrono::day(static_cast<unsigned>(date.day()))};
  if (!day.ok()) return std::nullopt;
  return Day(day);
}

google::type::Date ToDate(Day day) {
  const std::chrono::year_month_day parts(day);
  google::type::Date date;
  date.set_year(static_cast<int>(parts.year()));
  date.set_month(static_cast<int>(static_cast<unsigned>(parts.month())));
  date.set_day(static_cast<int>(static_cast<unsigned>(parts.day())));
  return date;
}

Day DayOf(Instant instant) { return std::chrono::floor<std::chrono::days>(instant); }

}  // namespace lotura
