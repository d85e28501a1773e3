#include "libs/base/hex.h"

#include <array>

namespace lotura {
namespace {

constexpr char kDigits[] = "0123456789abcdef";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> Values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 16; ++i) values[static_cast<std::uint8_t>(kDigits[i])] = i;
  for (std::uint8_t i = 0; i < 6; ++i) values[static_cast<std::size_t>('A') + i] = 10 + i;
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = Values();

}  // namespace

void WriteHex(std::uint8_t byte, char* out) {
  out[0] = kDigits[byte >> 4];
  out[1] = kDigits[byte & 0xF];
}

std::string ToHex(std::span<const std::uint8_t> bytes) {
  std::string text(bytes.size() * 2, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) WriteHex(bytes[i], text.data() + 2 * i);
  return text;
}

bool FromHex(std::string_view digits, std::span<std::uint8_t> bytes) {
  if (digits.size() != 2 * bytes.size()) return false;
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint8_t high = kValues[static_cast<std::uint8_t>(digits[2 * i])];
    const std::uint8_t low = kValues[static_cast<std::uint8_t>(digits[2 * i + 1])];
    seen = static_cast<std::uint8_t>(seen | high | low);
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return seen != kNoDigit;
}

}  // namespace lotura
