#include "libs/access/api_key_token.h"

#include <algorithm>

namespace lotura::access {
namespace {

constexpr std::size_t kSchemeSize = sizeof(kApiKeyScheme) - 1;
constexpr std::size_t kSelectorSize = 12;
// In base 64.
constexpr std::size_t kSelectorText = 16;
constexpr std::size_t kTenantSize = 16;
constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kBodySize = kSelectorSize + kTenantSize + kSecretSize;

std::string ChecksumOf(std::string_view body) {
  const Sha256Digest digest = Sha256(kApiKeyScheme + std::string(body));
  return {reinterpret_cast<const char*>(digest.data()), kChecksumSize};
}

std::string Random(std::size_t size) {
  std::string bytes(size, '\0');
  RandomBytes({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace

std::string NewApiKeyToken(const TenantId& tenant) {
  std::string body = Random(kSelectorSize);
  body.append(reinterpret_cast<const char*>(tenant.value.bytes.data()), kTenantSize);
  body += Random(kSecretSize);
  return kApiKeyScheme + ToBase64Url(body + ChecksumOf(body));
}

std::optional<ApiKeyToken> ParseApiKeyToken(std::string_view text) {
  if (!text.starts_with(kApiKeyScheme)) return std::nullopt;
  const auto bytes = FromBase64Url(text.substr(kSchemeSize));
  if (!bytes.has_value() || bytes->size() != kBodySize + kChecksumSize) return std::nullopt;
  const std::string_view body = std::string_view(*bytes).substr(0, kBodySize);
  if (bytes->substr(kBodySize) != ChecksumOf(body)) return std::nullopt;
  ApiKeyToken token{.start = std::string(text.substr(0, kSchemeSize + kSelectorText)),
                    .tenant = {},
                    .secret_hash = Sha256(body.substr(kSelectorSize + kTenantSize))};
  std::ranges::copy(body.substr(kSelectorSize, kTenantSize),
                    reinterpret_cast<char*>(token.tenant.value.bytes.data()));
  return token;
}

}  // namespace lotura::access
