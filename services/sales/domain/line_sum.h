// What the lines of an opportunity are worth.
#pragma once

#include <google/type/money.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "libs/base/errors.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::sales::domain {

// Most units that an amount may have, as the declaration of opportunities says.
inline constexpr std::int64_t kAmountMax = 1'000'000'000'000'000;

// Three upper-case letters (ISO 4217).
bool IsCurrencyCode(std::string_view code);

// Adds what is wrong with the lines beyond what holds for every field: a quantity or a price out of
// range, two currencies, a sum beyond the range of an amount. Fields are paths within the
// opportunity.
void CheckLines(const v1::Opportunity& deal, Violations& violations);

// Sum of quantity times unit price; nothing without lines, or with lines that CheckLines refuses.
std::optional<google::type::Money> SumOfLines(const v1::Opportunity& deal);

}  // namespace lotura::sales::domain
