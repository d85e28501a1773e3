// The few cryptographic operations the platform needs, on OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/hex.h"

namespace lotura {

using Sha256Digest = std::array<std::uint8_t, 32>;
using AesKey = std::array<std::uint8_t, 32>;

void RandomBytes(std::span<std::uint8_t> out);
Sha256Digest Sha256(std::string_view text);
// RFC 2104.
Sha256Digest HmacSha256(std::string_view key, std::string_view text);
// In a time that does not depend on where they differ.
bool IsSameDigest(const Sha256Digest& one, const Sha256Digest& other);

// AES-256-GCM with a random nonce; the result is nonce, ciphertext and tag. `associated` is
// authenticated, not stored.
std::string Seal(const AesKey& key, std::string_view plain, std::string_view associated);
// Nothing if any byte of the sealed text or of `associated` differs.
std::optional<std::string> Unseal(const AesKey& key, std::string_view sealed,
                                  std::string_view associated);

// Base 64 with the URL-safe alphabet and without padding (RFC 4648, section 5).
std::string ToBase64Url(std::string_view bytes);
std::optional<std::string> FromBase64Url(std::string_view text);
// The standard alphabet with padding.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace lotura
