#include "services/sales/domain/line_sum.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/money.h"
#include "services/sales/domain/reasons.h"

namespace lotura::sales::domain {
namespace {

constexpr std::int64_t kQuantityMax = 1'000'000'000;
constexpr std::int64_t kUnitPriceMax = 1'000'000'000'000;

void CheckLine(const v1::Opportunity::Line& line, const std::string& path, Violations& violations) {
  if (line.quantity() < 0 || line.quantity() > kQuantityMax) {
    violations.Add(path + ".quantity", reasons::kOutOfRange,
                   fmt::format("must lie between 1 and {}", kQuantityMax));
  }
  const auto price = Amount::From(line.unit_price());
  if (price.has_value() && (*price < Amount() || *price > Amount::OfUnits(kUnitPriceMax))) {
    violations.Add(path + ".unit_price.units", reasons::kOutOfRange,
                   fmt::format("must lie between 0 and {}", kUnitPriceMax));
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
  if (sum > Amount::OfUnits(kAmountMax)) return std::nullopt;
  return sum;
}

}  // namespace

bool IsCurrencyCode(std::string_view code) {
  return code.size() == 3 && std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; });
}

void CheckLines(const v1::Opportunity& deal, Violations& violations) {
  for (int i = 0; i < deal.lines_size(); ++i) {
    const std::string path = fmt::format("lines[{}]", i);
    CheckLine(deal.lines(i), path, violations);
    if (deal.lines(i).unit_price().currency_code() != deal.lines(0).unit_price().currency_code()) {
      violations.Add(path + ".unit_price.currency_code", reasons::kCurrencyDiffers,
                     "is not the currency of the first line");
    }
  }
  if (!deal.lines().empty() && violations.empty() && !Sum(deal).has_value()) {
    violations.Add("lines", reasons::kAmountTooLarge,
                   fmt::format("add up to more than {}", kAmountMax));
  }
}

std::optional<google::type::Money> SumOfLines(const v1::Opportunity& deal) {
  if (deal.lines().empty()) return std::nullopt;
  const auto sum = Sum(deal);
  return sum.has_value() ? sum->ToMoney(deal.lines(0).unit_price().currency_code()) : std::nullopt;
}

}  // namespace lotura::sales::domain
