#include "libs/base/clock.h"

#include <string_view>

#include "libs/base/check.h"

namespace lotura {
namespace {

constexpr std::size_t kRfc3339Max = std::string_view("2026-01-31T08:15:00.123456Z").size();

// Events are dated by the hundred thousand a second: a general formatter took a quarter of what it
// took to make one.
void AppendDigits(std::string& text, std::int64_t value, std::size_t width) {
  LOTURA_CHECK(value >= 0);
  const std::size_t begin = text.size();
  text.resize(begin + width);
  for (std::size_t at = begin + width; at > begin; value /= 10)
    text[--at] = static_cast<char>('0' + value % 10);
  LOTURA_CHECK(value == 0);
}

}  // namespace

Instant SystemClock::Now() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::chrono::milliseconds Deadline::Left() const {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

Deadline Deadline::AtMost(std::chrono::milliseconds span) const {
  return Deadline(std::min(at_, std::chrono::steady_clock::now() + span));
}

std::string ToRfc3339(Instant instant) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  std::string text;
  text.reserve(kRfc3339Max);
  AppendDigits(text, static_cast<int>(date.year()), 4);
  text += '-';
  AppendDigits(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  AppendDigits(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  AppendDigits(text, time.hours().count(), 2);
  text += ':';
  AppendDigits(text, time.minutes().count(), 2);
  text += ':';
  AppendDigits(text, time.seconds().count(), 2);
  if (const auto micros = (instant - seconds).count(); micros != 0) {
    text += '.';
    AppendDigits(text, micros, 6);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text += 'Z';
}

}  // namespace lotura
