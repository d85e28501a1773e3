// Normal forms in which match keys are compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lotura/options/v1/options.pb.h"

namespace lotura::resource {

// The normal form of `value`, "" for an empty one, or nothing for one that has none: not an
// address, not a telephone number.
std::optional<std::string> NormalizeMatchKey(options::v1::MatchKey form, std::string_view value);

}  // namespace lotura::resource
