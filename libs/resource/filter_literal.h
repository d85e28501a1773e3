// Values as filters write them, and the exact types in which both back ends compare them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"

namespace lotura::resource {

// An exact number with nine decimals: an amount of money or a number of seconds. Both parts have
// the same sign.
struct Decimal {
  std::int64_t units = 0;
  std::int32_t nanos = 0;

  friend auto operator<=>(const Decimal&, const Decimal&) = default;
};

// A day of the calendar, as a number that grows with time: 20260131.
struct CivilDate {
  std::int64_t number = 0;

  // Only of a day that exists, as the parsed ones do.
  [[nodiscard]] std::chrono::sys_days Days() const;

  friend auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

// Text in which anything may stand between the pieces; {"a", ""} is everything that begins with
// "a".
struct TextPattern {
  std::vector<std::string> pieces;

  [[nodiscard]] bool Matches(std::string_view text) const;
  // The same as the pattern of a LIKE.
  [[nodiscard]] std::string ToLike() const;
};

enum class DecimalFault { kNotANumber, kOutOfRange, kTooPrecise };

struct DecimalResult {
  std::optional<Decimal> value;
  DecimalFault fault = DecimalFault::kNotANumber;
};

// "12", "-0.5", "2.5e3".
DecimalResult ParseDecimal(std::string_view text);
// Nothing for what is no finite number.
std::optional<double> ParseDouble(std::string_view text);
// "1.5s", in seconds.
DecimalResult ParseDuration(std::string_view text);
// "2026-01-31", years 1 to 9999.
std::optional<CivilDate> ParseCivilDate(std::string_view text);
// RFC 3339, or a day, which stands for its first instant in UTC. Digits beyond microseconds are
// dropped.
std::optional<Instant> ParseInstant(std::string_view text);
CivilDate DateOf(Instant instant);

}  // namespace lotura::resource
