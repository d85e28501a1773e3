#include "libs/base/money.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "libs/base/check.h"

namespace lotura {
namespace {

constexpr int kDecimalPlaces = 9;
constexpr Int128 kNanosPerHundredth = 10'000'000;
// Weights are cut to so many bits that a product with any total of google.type.Money stays within
// 127.
constexpr Int128 kWeightMax = Int128{1} << 31;

// Whole numbers in the proportion of `weights`, each at most kWeightMax; equal ones if none is
// positive.
std::vector<Int128> Scale(std::span<const Amount> weights) {
  Int128 largest = 0;
  for (const Amount& weight : weights) largest = std::max(largest, weight.nanos());
  std::vector<Int128> scaled;
  for (const Amount& weight : weights) {
    Int128 value = largest > 0 ? std::max(weight.nanos(), Int128{0}) : Int128{1};
    for (Int128 bound = largest; bound > kWeightMax; bound >>= 1) value >>= 1;
    scaled.push_back(value);
  }
  return scaled;
}

}  // namespace

std::optional<Amount> Amount::From(const google::type::Money& money) {
  const std::int64_t units = money.units();
  const std::int32_t nanos = money.nanos();
  if (nanos <= -kNanosPerUnit || nanos >= kNanosPerUnit) return std::nullopt;
  if ((units > 0 && nanos < 0) || (units < 0 && nanos > 0)) return std::nullopt;
  return Amount(Int128{units} * kNanosPerUnit + nanos);
}

std::optional<Amount> Amount::Parse(std::string_view decimal) {
  const bool negative = decimal.starts_with('-');
  if (negative) decimal.remove_prefix(1);
  const std::size_t point = std::min(decimal.find('.'), decimal.size());
  if (point == 0) return std::nullopt;
  Amount amount;
  int places = -1;
  for (const char c : decimal) {
    if (c == '.' && places < 0) {
      places = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    if (places == kDecimalPlaces) continue;
    if (__builtin_mul_overflow(amount.nanos_, Int128{10}, &amount.nanos_)) return std::nullopt;
    amount.nanos_ += c - '0';
    if (places >= 0) ++places;
  }
  for (places = std::max(places, 0); places < kDecimalPlaces; ++places) {
    if (__builtin_mul_overflow(amount.nanos_, Int128{10}, &amount.nanos_)) return std::nullopt;
  }
  if (negative) amount.nanos_ = -amount.nanos_;
  return amount;
}

std::optional<Amount> Amount::Plus(Amount other) const {
  Amount sum;
  if (__builtin_add_overflow(nanos_, other.nanos_, &sum.nanos_)) return std::nullopt;
  return sum;
}

std::optional<Amount> Amount::Times(std::int64_t factor) const {
  Amount product;
  if (__builtin_mul_overflow(nanos_, Int128{factor}, &product.nanos_)) return std::nullopt;
  return product;
}

std::optional<google::type::Money> Amount::ToMoney(std::string currency_code) const {
  const Int128 units = nanos_ / kNanosPerUnit;
  using Limits = std::numeric_limits<std::int64_t>;
  if (units > Limits::max() || units < Limits::min()) return std::nullopt;
  google::type::Money money;
  money.set_currency_code(std::move(currency_code));
  money.set_units(static_cast<std::int64_t>(units));
  money.set_nanos(static_cast<std::int32_t>(nanos_ % kNanosPerUnit));
  return money;
}

std::string Amount::ToDecimal() const {
  const Int128 whole = nanos_ / kNanosPerUnit;
  const auto rest = static_cast<std::int32_t>(nanos_ % kNanosPerUnit);
  std::string text = fmt::format("{}{}", nanos_ < 0 ? "-" : "", nanos_ < 0 ? -whole : whole);
  if (rest == 0) return text;
  text += fmt::format(".{:09}", rest < 0 ? -rest : rest);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::vector<Amount> Divide(Amount total, std::span<const Amount> weights) {
  if (weights.empty()) return {};
  const std::vector<Int128> scaled = Scale(weights);
  const Int128 sum = std::accumulate(scaled.begin(), scaled.end(), Int128{0});
  // The largest weight keeps its highest bits.
  LOTURA_CHECK(sum > 0);
  const Int128 step = total.nanos() % kNanosPerHundredth == 0 ? kNanosPerHundredth : Int128{1};
  const Int128 steps = (total.nanos() < 0 ? -total.nanos() : total.nanos()) / step;
  const Int128 signed_step = total.nanos() < 0 ? -step : step;

  std::vector<Int128> parts;
  parts.reserve(scaled.size());
  std::vector<std::size_t> by_remainder(scaled.size());
  Int128 left = steps;
  for (const Int128 weight : scaled) {
    parts.push_back(steps * weight / sum);
    left -= parts.back();
  }
  std::iota(by_remainder.begin(), by_remainder.end(), 0);
  std::ranges::stable_sort(by_remainder, std::greater(),
                           [&](std::size_t i) { return steps * scaled[i] % sum; });
  for (std::size_t i = 0; left > 0; ++i, --left) ++parts[by_remainder[i]];

  std::vector<Amount> amounts;
  amounts.reserve(parts.size());
  for (const Int128 part : parts) amounts.push_back(Amount(part * signed_step));
  return amounts;
}

}  // namespace lotura
