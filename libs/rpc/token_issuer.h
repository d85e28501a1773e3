// An issuer of tokens with its own key: for tests and benchmarks, which take the same path as
// everyone else.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libs/base/call.h"
#include "libs/rpc/key_set.h"
#include "libs/rpc/token.h"

namespace lotura::rpc {

// Immutable and thread-safe.
class TokenIssuer {
 public:
  // Makes a new key.
  TokenIssuer(Algorithm algorithm, std::string key_id);

  // {"keys":[...]} with the public key.
  [[nodiscard]] std::string KeySetJson() const;
  // A token for the principal that satisfies the rules until `expires`.
  [[nodiscard]] std::string Mint(const Principal& principal, const TokenRules& rules,
                                 Instant expires) const;

  // A file of trusted issuers with one, whose keys lie at `keys`.
  static std::string TrustJson(const TokenRules& rules, const std::string& keys);

  // Two JSON texts, however wrong, signed.
  struct Content {
    std::string header;
    std::string claims;
  };
  [[nodiscard]] std::string Sign(const Content& content) const;

 private:
  Algorithm algorithm_;
  std::string key_id_;
  PublicKey::Handle key_;
};

}  // namespace lotura::rpc
