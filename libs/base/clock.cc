#include "libs/base/clock.h"

#include <fmt/chrono.h>

namespace lotura {

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
  const auto micros = (instant - seconds).count();
  std::string text =
      fmt::format("{:%FT%T}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
  if (micros != 0) {
    text += fmt::format(".{:06}", micros);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

}  // namespace lotura
