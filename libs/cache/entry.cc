#include "libs/cache/entry.h"

#include <array>
#include <atomic>

#include "libs/base/crypto.h"

namespace lotura::cache {
namespace {

// kind (1), layout (8), version (8), checksum (8), value. A lease is its kind and the token.
constexpr char kValue = 'V';
constexpr char kNegative = 'N';
constexpr char kLease = 'L';
constexpr std::size_t kLayoutAt = 1;
constexpr std::size_t kVersionAt = 9;
constexpr std::size_t kChecksumAt = 17;
constexpr std::size_t kValueAt = 25;
constexpr std::size_t kTokenSize = 24;

void AppendNumber(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>((number >> shift) & 0xFF);
}

std::uint64_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) {
    number = (number << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

// Eight bytes of SHA-256 are enough against accidents; they are no protection against an attacker.
std::string Checksum(const Key& key, std::string_view head, std::string_view value) {
  std::string covered;
  covered.reserve(key.bytes.size() + head.size() + value.size());
  covered.append(key.bytes).append(head).append(value);
  const Sha256Digest digest = Sha256(covered);
  return {reinterpret_cast<const char*>(digest.data()), kValueAt - kChecksumAt};
}

std::string Encode(const Key& key, char kind, const Entry& entry) {
  std::string bytes(1, kind);
  bytes.reserve(kValueAt + entry.value.size());
  AppendNumber(bytes, key.layout);
  AppendNumber(bytes, static_cast<std::uint64_t>(entry.version));
  bytes += Checksum(key, bytes, entry.value);
  return bytes += entry.value;
}

}  // namespace

std::string EncodeEntry(const Key& key, const Entry& entry) { return Encode(key, kValue, entry); }

std::string EncodeNegative(const Key& key) { return Encode(key, kNegative, {}); }

std::string EncodeLease(const Lease& lease) { return kLease + lease.token; }

Stored Decode(const Key& key, std::string_view bytes) {
  if (bytes.size() == 1 + kTokenSize && bytes[0] == kLease) {
    return Lease{std::string(bytes.substr(1))};
  }
  if (bytes.size() < kValueAt || (bytes[0] != kValue && bytes[0] != kNegative)) {
    return Unusable::kCorrupt;
  }
  const std::string_view value = bytes.substr(kValueAt);
  if (bytes.substr(kChecksumAt, kValueAt - kChecksumAt) !=
      Checksum(key, bytes.substr(0, kChecksumAt), value)) {
    return Unusable::kCorrupt;
  }
  if (NumberAt(bytes, kLayoutAt) != key.layout) return Unusable::kOtherLayout;
  if (bytes[0] == kNegative) return Negative{};
  return Hit{{std::string(value), static_cast<std::int64_t>(NumberAt(bytes, kVersionAt))}};
}

Lease NewLease() {
  // Random per process, counted within: as unique as random, without asking for randomness at each
  // miss.
  static const auto kProcess = [] {
    std::array<std::uint8_t, 16> bytes{};
    RandomBytes(bytes);
    return bytes;
  }();
  static std::atomic<std::uint64_t> next{0};
  Lease lease;
  lease.token.assign(kProcess.begin(), kProcess.end());
  AppendNumber(lease.token, next.fetch_add(1, std::memory_order_relaxed));
  return lease;
}

}  // namespace lotura::cache
