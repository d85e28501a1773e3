// Decimal numbers as sources write them, exact to a billionth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lotura::importer {

// "1100.04" times 1,000,000 is "1100040000". Digits with at most one point, a sign before them;
// nothing for any other text, for more than nine decimal places, and beyond 10^18.
std::optional<std::string> ScaledDecimal(std::string_view text, std::int64_t factor);

}  // namespace lotura::importer
