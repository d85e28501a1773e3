// The token of an API key: "lotura_" and 86 characters, of which a scanner of secrets knows it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/crypto.h"
#include "libs/base/uuid.h"

namespace lotura::access {

inline constexpr char kApiKeyScheme[] = "lotura_";

// What stands in it, in the URL-safe alphabet of base 64: 12 random bytes that tell keys apart, the
// tenant, 32 random bytes that are the secret, and 4 bytes of a checksum, by which one that was
// copied wrongly is refused without a look at any key.
struct ApiKeyToken {
  // "lotura_" and the first 16 characters; no secret.
  std::string start;
  TenantId tenant;
  // SHA-256 of the secret: all that is kept of it. It is 256 random bits, which nobody finds by
  // trying: a slow hash would protect nothing, and cost each call.
  Sha256Digest secret_hash{};
};

// A new one, as it is told to whoever gets it.
std::string NewApiKeyToken(const TenantId& tenant);
// Nothing for a text that is no token of a key.
std::optional<ApiKeyToken> ParseApiKeyToken(std::string_view text);

}  // namespace lotura::access
