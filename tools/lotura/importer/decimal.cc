#include "tools/lotura/importer/decimal.h"

#include <google/type/money.pb.h>

#include <algorithm>
#include <charconv>

#include "libs/base/money.h"

namespace lotura::importer {
namespace {

constexpr std::size_t kPlaces = 9;
constexpr std::size_t kWholeDigitsMax = 18;

std::optional<std::int64_t> ParseDigits(std::string_view text) {
  std::int64_t number = 0;
  const bool only_digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!only_digits || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> ScaledDecimal(std::string_view text, std::int64_t factor) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string places(point == std::string_view::npos ? "0" : text.substr(point + 1));
  if (places.empty() || places.size() > kPlaces || whole.size() > kWholeDigitsMax)
    return std::nullopt;
  places.resize(kPlaces, '0');
  const auto units = ParseDigits(whole);
  const auto nanos = ParseDigits(places);
  if (!units.has_value() || !nanos.has_value()) return std::nullopt;
  google::type::Money money;
  money.set_units(negative ? -*units : *units);
  money.set_nanos(static_cast<std::int32_t>(negative ? -*nanos : *nanos));
  const auto amount = Amount::From(money);
  const auto scaled = amount.has_value() ? amount->Times(factor) : std::nullopt;
  // What no amount of money can hold, in whatever currency, is out of range.
  if (!scaled.has_value() || !scaled->ToMoney("USD").has_value()) return std::nullopt;
  return scaled->ToDecimal();
}

}  // namespace lotura::importer
