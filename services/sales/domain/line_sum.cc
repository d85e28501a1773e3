#include "services/sales/domain/line_sum.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/money.h"
#include "services/sales/domain/reasons.h"

namespace lotura::sales::domain {
namespace {

constexpr std::int64_t kQuantityMax = 1'000'000'000;
constexpr std::int64_t kUnitPriceMax = 1'000'000'000'000;
constexpr std::int64_t kSumMax = 1'000'000'000'000'000;

void CheckLine(const v1::Opportunity::Line& line, const std::string& path, Violations& violations) {
  if (line.product().empty())
    violations.Add(path + ".product", reasons::kRequired, "A line names a product.");
  if (line.quantity() < 1 || line.quantity() > kQuantityMax) {
    violations.Add(path + ".quantity", reasons::kOutOfRange,
                   fmt::format("The quantity is 1 to {}.", kQuantityMax));
  }
  if (!line.has_unit_price()) {
    violations.Add(path + ".unit_price", reasons::kRequired, "A line has the price of one unit.");
    return;
  }
  if (!IsCurrencyCode(line.unit_price().currency_code())) {
    violations.Add(path + ".unit_price.currency_code", reasons::kCurrencyCode,
                   "A currency is three upper-case letters (ISO 4217).");
  }
  const auto price = Amount::From(line.unit_price());
  if (!price.has_value()) {
    violations.Add(path + ".unit_price", reasons::kMoneyMalformed,
                   "Units and nanos have different signs, or nanos are a unit or more.");
  } else if (*price < Amount() || *price > Amount::OfUnits(kUnitPriceMax)) {
    violations.Add(path + ".unit_price", reasons::kOutOfRange,
                   fmt::format("The price is 0 to {}.", kUnitPriceMax));
  }
}

// Nothing if it does not fit.
std::optional<Amount> Sum(const v1::Opportunity& deal) {
  Amount sum;
  for (const auto& line : deal.lines()) {
    const auto price = Amount::From(line.unit_price());
    const auto total = price.has_value() ? price->Times(line.quantity()) : std::nullopt;
    const auto next = total.has_value() ? sum.Plus(*total) : std::nullopt;
    if (!next.has_value()) return std::nullopt;
    sum = *next;
  }
  if (sum > Amount::OfUnits(kSumMax)) return std::nullopt;
  return sum;
}

}  // namespace

bool IsCurrencyCode(std::string_view code) {
  return code.size() == 3 && std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; });
}

void CheckLines(const v1::Opportunity& deal, Violations& violations) {
  const std::size_t before = violations.found().size();
  for (int i = 0; i < deal.lines_size(); ++i) {
    const std::string path = fmt::format("lines[{}]", i);
    CheckLine(deal.lines(i), path, violations);
    if (deal.lines(i).unit_price().currency_code() != deal.lines(0).unit_price().currency_code()) {
      violations.Add(path + ".unit_price.currency_code", reasons::kCurrencyDiffers,
                     "All lines have one currency.");
    }
  }
  if (violations.found().size() == before && !Sum(deal).has_value()) {
    violations.Add("lines", reasons::kAmountTooLarge,
                   fmt::format("The lines add up to more than {}.", kSumMax));
  }
}

std::optional<google::type::Money> SumOfLines(const v1::Opportunity& deal) {
  if (deal.lines().empty()) return std::nullopt;
  const auto sum = Sum(deal);
  return sum.has_value() ? sum->ToMoney(deal.lines(0).unit_price().currency_code()) : std::nullopt;
}

}  // namespace lotura::sales::domain
