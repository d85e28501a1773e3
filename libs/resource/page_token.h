// Tokens that say where the next page of a list begins; opaque and sealed.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "libs/base/call.h"
#include "libs/base/crypto.h"

namespace lotura::resource {

// A key with the id that tokens name it by.
struct TokenKey {
  std::string id;
  AesKey key{};
};

// What a token stands for.
struct PageCursor {
  // Everything of the query that must stay the same from page to page.
  Sha256Digest query{};
  // Values of the order's fields and the name of the last record of the page, in the text form of
  // the server; nothing for NULL.
  std::vector<std::optional<std::string>> last;
};

// Seals with AES-256-GCM: method and tenant are associated data, principal and expiry are inside.
// Thread-safe.
class PageTokens {
 public:
  static constexpr std::chrono::hours kLifetime{72};

  // The first key seals; all of them open, so that keys can be changed without breaking a list that
  // is being read. INVALID_ARGUMENT unless there are one or two keys with different ids.
  static absl::StatusOr<PageTokens> Create(std::vector<TokenKey> keys);
  // Reads lines of "keyid:base64-of-32-bytes", the sealing key first. Errors never repeat what a
  // line holds.
  static absl::StatusOr<PageTokens> FromText(std::string_view text);
  // Reads such lines from a file, the same on all replicas.
  static absl::StatusOr<PageTokens> FromFile(const std::string& path);

  [[nodiscard]] std::string Make(const Call& call, const PageCursor& cursor) const;
  // INVALID_ARGUMENT naming page_token, with reason PAGE_TOKEN_INVALID (changed, or of another
  // method or tenant), PAGE_TOKEN_EXPIRED, or PAGE_TOKEN_MISMATCH (of another caller or another
  // query).
  [[nodiscard]] absl::StatusOr<PageCursor> Open(const Call& call, const std::string& token,
                                                const Sha256Digest& query) const;

  // For tokens of other kinds under the same keys: `associated` says which kind, and whose. Whoever
  // opens must say the same.
  [[nodiscard]] std::string SealText(std::string_view plain, std::string_view associated) const;
  // Nothing for a token that was changed, is of another kind, or is sealed by a key of the past.
  [[nodiscard]] std::optional<std::string> OpenText(const std::string& token,
                                                    std::string_view associated) const;
  // The same for equal texts as long as the sealing key is the same; who does not have it learns
  // from a mark nothing of the text.
  [[nodiscard]] std::string MarkOf(std::string_view plain, std::string_view associated) const;

 private:
  explicit PageTokens(std::vector<TokenKey> keys) : keys_(std::move(keys)) {}

  std::vector<TokenKey> keys_;
};

}  // namespace lotura::resource
