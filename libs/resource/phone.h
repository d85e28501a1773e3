// The one spelling of a telephone number.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lotura::resource {

// E.164, "+4930123456", of an international number in any spelling that libphonenumber reads;
// nothing if it is none, or has too few or too many digits for its country. Numbers that are
// spelled so already cost a tenth of others.
std::optional<std::string> NormalizePhone(std::string_view value);

// The same of any spelling, by libphonenumber alone.
std::optional<std::string> ParsePhone(std::string_view value);

}  // namespace lotura::resource
