#include "services/analytics/domain/fact.h"

#include <algorithm>

namespace lotura::analytics::domain {
namespace {

constexpr std::string_view kSales = "//sales.lotura";

Amount AmountOf(const google::type::Money& money) { return Amount::From(money).value_or(Amount()); }

// What a line is worth; nothing is added that the sales service would not have taken.
Amount WorthOf(const sales::v1::Opportunity::Line& line) {
  return AmountOf(line.unit_price()).Times(line.quantity()).value_or(Amount());
}

}  // namespace

std::string FullName(std::string_view source, std::string_view name) {
  if (name.empty()) return "";
  std::string full(source);
  full += '/';
  full += name;
  return full;
}

std::vector<ProductShare> SharesOf(const sales::v1::Opportunity& opportunity) {
  const Amount amount = AmountOf(opportunity.amount());
  const Amount close_amount = AmountOf(opportunity.close_amount());
  std::vector<ProductShare> shares;
  std::vector<Amount> weights;
  for (const auto& line : opportunity.lines()) {
    const std::string product = FullName(kSales, line.product());
    const auto found = std::ranges::find(shares, product, &ProductShare::product);
    const auto place = static_cast<std::size_t>(found - shares.begin());
    if (found == shares.end()) {
      shares.push_back({product, Amount(), Amount()});
      weights.emplace_back();
    }
    weights[place] = weights[place].Plus(WorthOf(line)).value_or(weights[place]);
  }
  if (shares.empty()) return {{"", amount, close_amount}};
  const std::vector<Amount> amounts = Divide(amount, weights);
  const std::vector<Amount> close_amounts = Divide(close_amount, weights);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i].amount = amounts[i];
    shares[i].close_amount = close_amounts[i];
  }
  return shares;
}

std::optional<StageEntry> EntryOf(const sales::v1::Opportunity* before,
                                  const sales::v1::Opportunity& after) {
  if (before != nullptr && before->stage() == after.stage()) return std::nullopt;
  StageEntry entry;
  entry.to_stage = FullName(kSales, after.stage());
  entry.enter_time = ToInstant(after.stage_enter_time());
  if (before != nullptr) {
    entry.from_stage = FullName(kSales, before->stage());
    entry.from_duration = entry.enter_time - ToInstant(before->stage_enter_time());
  }
  return entry;
}

}  // namespace lotura::analytics::domain
