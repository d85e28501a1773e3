#include "libs/resource/filter_literal.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "libs/base/text.h"

namespace lotura::resource {
namespace {

constexpr std::size_t kNanoDigits = 9;
constexpr std::size_t kUnitDigitsMax = 19;
constexpr int kExponentMax = 1000;
constexpr Instant kFirstInstant{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
constexpr Instant kAfterLastInstant{std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}};

std::string_view TakeDigits(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

// A number as its digits and the place of its point among them; it may lie outside of them.
struct Digits {
  std::string digits;
  int point = 0;
  bool negative = false;
};

std::optional<Digits> Scan(std::string_view text) {
  Digits number;
  if (text.starts_with('-') || text.starts_with('+')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const std::string_view whole = TakeDigits(text);
  if (whole.empty()) return std::nullopt;
  number.digits = whole;
  number.point = static_cast<int>(whole.size());
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = TakeDigits(text);
    if (fraction.empty()) return std::nullopt;
    number.digits += fraction;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc() || std::abs(exponent) > kExponentMax) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    number.point += exponent;
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

// Moves the point into the digits and drops zeros that say nothing.
void Normalize(Digits& number) {
  const std::size_t leading = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  number.digits.erase(0, leading);
  number.point -= static_cast<int>(leading);
  number.digits.erase(number.digits.find_last_not_of('0') + 1);
  if (number.digits.empty()) number.point = 0;
}

// Digits [from, to) of the number, with zeros where it has none.
std::string Slice(const Digits& number, int from, int to) {
  std::string slice;
  for (int i = from; i < to; ++i) {
    const bool inside = i >= 0 && i < static_cast<int>(number.digits.size());
    slice += inside ? number.digits[static_cast<std::size_t>(i)] : '0';
  }
  return slice;
}

// Reads exactly `size` digits and the character after them, if one is asked for.
bool TakeNumber(std::string_view& text, std::size_t size, char after, int& value) {
  if (text.size() < size) return false;
  std::string_view digits = text.substr(0, size);
  if (TakeDigits(digits).size() != size) return false;
  std::from_chars(text.data(), text.data() + size, value);
  text.remove_prefix(size);
  if (after == '\0') return true;
  if (!text.starts_with(after)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::year_month_day> TakeDay(std::string_view& text) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!TakeNumber(text, 4, '-', year) || !TakeNumber(text, 2, '-', month) ||
      !TakeNumber(text, 2, '\0', day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (year < 1 || !date.ok()) return std::nullopt;
  return date;
}

std::optional<std::chrono::microseconds> TakeFraction(std::string_view& text) {
  if (!text.starts_with('.')) return std::chrono::microseconds(0);
  text.remove_prefix(1);
  std::string digits(TakeDigits(text));
  if (digits.empty() || digits.size() > kNanoDigits) return std::nullopt;
  digits.resize(6, '0');
  int micros = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), micros);
  return std::chrono::microseconds(micros);
}

// "Z", "+02:00".
std::optional<std::chrono::minutes> TakeOffset(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const char sign = text.front();
  text.remove_prefix(1);
  if (sign == 'Z' || sign == 'z') return std::chrono::minutes(0);
  int hours = 0;
  int minutes = 0;
  if (sign != '+' && sign != '-') return std::nullopt;
  if (!TakeNumber(text, 2, ':', hours) || !TakeNumber(text, 2, '\0', minutes)) return std::nullopt;
  if (hours > 23 || minutes > 59) return std::nullopt;
  const std::chrono::minutes offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return sign == '-' ? -offset : offset;
}

CivilDate ToCivilDate(const std::chrono::year_month_day& date) {
  return {int{date.year()} * 10'000 +
          static_cast<int>(unsigned{date.month()} * 100 + unsigned{date.day()})};
}

}  // namespace

std::chrono::sys_days CivilDate::Days() const {
  const auto part = [this](std::int64_t from, std::int64_t modulus) {
    return static_cast<int>(number / from % modulus);
  };
  return std::chrono::year{part(10'000, 10'000)} / part(100, 100) / part(1, 100);
}

bool TextPattern::Matches(std::string_view text) const {
  if (pieces.size() == 1) return text == pieces.front();
  if (!text.starts_with(pieces.front())) return false;
  text.remove_prefix(pieces.front().size());
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const std::size_t found = text.find(pieces[i]);
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + pieces[i].size());
  }
  return text.ends_with(pieces.back());
}

std::string TextPattern::ToLike() const {
  std::string like;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) like += '%';
    for (const char c : pieces[i]) {
      if (c == '%' || c == '_' || c == '\\') like += '\\';
      like += c;
    }
  }
  return like;
}

DecimalResult ParseDecimal(std::string_view text) {
  std::optional<Digits> number = Scan(text);
  if (!number.has_value()) return {std::nullopt, DecimalFault::kNotANumber};
  Normalize(*number);
  if (number->point > static_cast<int>(kUnitDigitsMax))
    return {std::nullopt, DecimalFault::kOutOfRange};
  if (static_cast<int>(number->digits.size()) - number->point > static_cast<int>(kNanoDigits)) {
    return {std::nullopt, DecimalFault::kTooPrecise};
  }
  const std::string sign = number->negative ? "-" : "";
  const std::string units = sign + "0" + Slice(*number, 0, number->point);
  const std::string nanos =
      sign + Slice(*number, number->point, number->point + static_cast<int>(kNanoDigits));
  Decimal value;
  if (std::from_chars(units.data(), units.data() + units.size(), value.units).ec != std::errc()) {
    return {std::nullopt, DecimalFault::kOutOfRange};
  }
  std::from_chars(nanos.data(), nanos.data() + nanos.size(), value.nanos);
  return {value, {}};
}

std::optional<double> ParseDouble(std::string_view text) {
  // Scan keeps out what from_chars takes besides numbers: "inf", "nan".
  if (!Scan(text).has_value()) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

DecimalResult ParseDuration(std::string_view text) {
  if (!text.ends_with('s')) return {std::nullopt, DecimalFault::kNotANumber};
  return ParseDecimal(text.substr(0, text.size() - 1));
}

std::optional<CivilDate> ParseCivilDate(std::string_view text) {
  const auto date = TakeDay(text);
  if (!date.has_value() || !text.empty()) return std::nullopt;
  return ToCivilDate(*date);
}

std::optional<Instant> ParseInstant(std::string_view text) {
  const auto date = TakeDay(text);
  if (!date.has_value()) return std::nullopt;
  const Instant day{std::chrono::sys_days(*date)};
  if (text.empty()) return day;
  if (text.front() != 'T' && text.front() != 't') return std::nullopt;
  text.remove_prefix(1);
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!TakeNumber(text, 2, ':', hour) || !TakeNumber(text, 2, ':', minute) ||
      !TakeNumber(text, 2, '\0', second)) {
    return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto fraction = TakeFraction(text);
  if (!fraction.has_value()) return std::nullopt;
  const auto offset = TakeOffset(text);
  if (!offset.has_value() || !text.empty()) return std::nullopt;
  const Instant instant = day + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                          std::chrono::seconds(second) + *fraction - *offset;
  // An offset can lead out of the years that are allowed.
  if (instant < kFirstInstant || instant >= kAfterLastInstant) return std::nullopt;
  return instant;
}

CivilDate DateOf(Instant instant) {
  return ToCivilDate(std::chrono::floor<std::chrono::days>(instant));
}

}  // namespace lotura::resource
