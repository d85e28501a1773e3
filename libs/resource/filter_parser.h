// Reads the filter language of AIP-160.
#pragma once

#include <absl/status/statusor.h>

#include <string_view>

#include "libs/resource/filter_ast.h"

namespace lotura::resource {

// Bounds that keep a filter from costing more than its answer is worth.
inline constexpr std::size_t kFilterBytesMax = 4000;
// Restrictions and arguments of functions, all counted.
inline constexpr std::size_t kFilterTermsMax = 100;
// Parentheses within parentheses, and fields within fields.
inline constexpr std::size_t kFilterDepthMax = 20;

// INVALID_ARGUMENT with reason FILTER_SYNTAX, naming the field `filter` and the character at which
// the text is no filter.
absl::StatusOr<FilterAst> ParseFilter(std::string_view text);

}  // namespace lotura::resource
