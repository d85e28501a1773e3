// Text rules that hold for every string that enters the platform.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lotura {

// Number of Unicode characters, or nothing if the bytes are not valid UTF-8 (RFC 3629).
std::optional<std::size_t> Utf8Size(std::string_view text);
// PostgreSQL cannot hold NUL in a text.
inline bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string_view Trim(std::string_view text);
std::string ToLowerAscii(std::string_view text);
// "OpportunityLine" to "opportunity_line".
std::string ToSnakeCase(std::string_view text);

}  // namespace lotura
