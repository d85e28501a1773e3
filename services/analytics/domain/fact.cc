#include "services/analytics/domain/fact.h"

#include <fmt/format.h>

#include <algorithm>

namespace lotura::analytics::domain {
namespace {

Amount AmountOf(const google::type::Money& money) { return Amount::From(money).value_or(Amount()); }

// What a line is worth; nothing is added that the sales service would not have taken.
Amount WorthOf(const sales::v1::Opportunity::Line& line) {
  return AmountOf(line.unit_price()).Times(line.quantity()).value_or(Amount());
}

}  // namespace

std::string SalesName(std::string_view name) {
  return name.empty() ? "" : fmt::format("//sales.lotura/{}", name);
}

std::vector<ProductShare> SharesOf(const sales::v1::Opportunity& opportunity) {
  const Amount amount = AmountOf(opportunity.amount());
  const Amount close_amount = AmountOf(opportunity.close_amount());
  std::vector<ProductShare> shares;
  std::vector<Amount> weights;
  for (const auto& line : opportunity.lines()) {
    const std::string product = SalesName(line.product());
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
  entry.to_stage = SalesName(after.stage());
  entry.enter_time = ToInstant(after.stage_enter_time());
  if (before != nullptr) {
    entry.from_stage = SalesName(before->stage());
    entry.from_duration = entry.enter_time - ToInstant(before->stage_enter_time());
  }
  return entry;
}

}  // namespace lotura::analytics::domain
