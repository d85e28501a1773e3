// Amounts of money, exact to a billionth of a unit.
#pragma once

#include <google/type/money.pb.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lotura {

__extension__ typedef __int128 Int128;

// A number with nine decimal places, as google.type.Money carries it, without the currency.
class Amount {
 public:
  Amount() = default;
  // Nothing if the two parts have different signs or the nanos are a unit or more.
  static std::optional<Amount> From(const google::type::Money& money);
  // Reads "12.5", "-0.000000001"; more than nine decimal places are cut. Nothing for what is no
  // number or beyond what 128 bits hold.
  static std::optional<Amount> Parse(std::string_view decimal);
  static Amount OfUnits(std::int64_t units) { return Amount(Int128{units} * kNanosPerUnit); }

  // Nothing beyond what 128 bits hold.
  [[nodiscard]] std::optional<Amount> Plus(Amount other) const;
  [[nodiscard]] std::optional<Amount> Times(std::int64_t factor) const;
  // Nothing beyond what google.type.Money holds.
  [[nodiscard]] std::optional<google::type::Money> ToMoney(std::string currency_code) const;
  // "12.5", "-0.000000001".
  [[nodiscard]] std::string ToDecimal() const;
  [[nodiscard]] Int128 nanos() const { return nanos_; }

  friend auto operator<=>(const Amount&, const Amount&) = default;

 private:
  static constexpr std::int64_t kNanosPerUnit = 1'000'000'000;

  explicit Amount(Int128 nanos) : nanos_(nanos) {}
  friend std::vector<Amount> Divide(Amount total, std::span<const Amount> weights);

  Int128 nanos_ = 0;
};

// Divides `total` in the proportion of `weights`, which are not negative, so that the parts add up
// to it again. The parts of a total in whole hundredths are whole hundredths too. Without a
// positive weight all parts are equal but for the remainder, which the first ones get.
std::vector<Amount> Divide(Amount total, std::span<const Amount> weights);

}  // namespace lotura
