// What PostgreSQL's binary format is made of.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/check.h"

namespace lotura::pg {

// From here dates and times are counted.
inline constexpr std::chrono::sys_days kEpoch{std::chrono::year{2000} / 1 / 1};

// Integers have their highest byte first.
template <std::unsigned_integral Unsigned>
void AppendBigEndian(std::string& out, Unsigned value) {
  std::array<char, sizeof(Unsigned)> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>((value >> (8 * (bytes.size() - 1 - i))) & 0xFF);
  out.append(bytes.data(), bytes.size());
}

// The integer that `bytes` begins with.
template <std::unsigned_integral Unsigned>
Unsigned BigEndianAt(std::string_view bytes) {
  LOTURA_CHECK(bytes.size() >= sizeof(Unsigned));
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
    value = static_cast<Unsigned>(value << 8 | static_cast<unsigned char>(bytes[i]));
  return value;
}

// The same, which is left out of `bytes` afterwards.
template <std::unsigned_integral Unsigned>
Unsigned TakeBigEndian(std::string_view& bytes) {
  const auto value = BigEndianAt<Unsigned>(bytes);
  bytes.remove_prefix(sizeof(Unsigned));
  return value;
}

// What NULL has for its size, in an array and in a row of COPY.
inline constexpr std::uint32_t kNullSize = 0xFFFF'FFFF;

// The first element of what is left of an array; nothing for NULL.
inline std::optional<std::string_view> TakeElement(std::string_view& rest) {
  const auto size = TakeBigEndian<std::uint32_t>(rest);
  if (size == kNullSize) return std::nullopt;
  LOTURA_CHECK(size <= rest.size());
  const std::string_view element = rest.substr(0, size);
  rest.remove_prefix(size);
  return element;
}

}  // namespace lotura::pg
