// Integers in the order of bytes that PostgreSQL's binary format has.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace lotura::pg {

// `value` is unsigned.
template <typename Unsigned>
void AppendBigEndian(std::string& out, Unsigned value) {
  std::array<char, sizeof(Unsigned)> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>((value >> (8 * (bytes.size() - 1 - i))) & 0xFF);
  out.append(bytes.data(), bytes.size());
}

}  // namespace lotura::pg
