// Bytes as hexadecimal digits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lotura {

// In lower case, to two places.
void WriteHex(std::uint8_t byte, char* out);
// In lower case.
std::string ToHex(std::span<const std::uint8_t> bytes);
// Fills `bytes` from twice as many digits in either case. False, with `bytes` unspecified, if there
// are more or fewer, or one of them is no digit.
bool FromHex(std::string_view digits, std::span<std::uint8_t> bytes);

}  // namespace lotura
