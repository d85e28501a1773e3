#include "libs/base/uuid.h"

#include "libs/base/crypto.h"
#include "libs/base/hex.h"

namespace lotura {
namespace {

constexpr std::size_t kTextSize = 36;

constexpr bool IsDashAt(std::size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  std::array<char, 32> digits{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < kTextSize; ++i) {
    if (!IsDashAt(i)) {
      digits[count++] = text[i];
    } else if (text[i] != '-') {
      return std::nullopt;
    }
  }
  Uuid uuid;
  if (!FromHex({digits.data(), digits.size()}, uuid.bytes)) return std::nullopt;
  return uuid;
}

std::string Uuid::ToString() const {
  std::string text(kTextSize, '-');
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    if (IsDashAt(at)) ++at;
    WriteHex(byte, text.data() + at);
    at += 2;
  }
  return text;
}

Uuid RandomIds::Next() {
  Uuid uuid;
  RandomBytes(uuid.bytes);
  const auto millis = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Now().time_since_epoch())
          .count());
  for (std::size_t i = 0; i < 6; ++i) {
    uuid.bytes[i] = static_cast<std::uint8_t>(millis >> (8 * (5 - i)));
  }
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x70);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

std::string ToBase32(const Uuid& uuid) {
  constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string text;
  text.reserve(26);
  std::uint32_t buffer = 0;
  int bits = 2;  // 130 bits make 26 characters: two leading zeros.
  for (const std::uint8_t byte : uuid.bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kAlphabet[(buffer >> bits) & 31];
    }
  }
  return text;
}

}  // namespace lotura
