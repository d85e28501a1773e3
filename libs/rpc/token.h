// JSON Web Tokens (RFC 7519, RFC 8725): parsing and checking, without any state.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <string>
#include <string_view>

#include "libs/base/call.h"
#include "libs/rpc/key_set.h"

namespace lotura::rpc {

// What a token must say to be accepted.
struct TokenRules {
  std::string issuer;
  std::string audience;
  // How far clocks may differ; at most a minute.
  std::chrono::seconds leeway{30};
};

// A token taken apart. The views point into the text that it was parsed from.
struct ParsedToken {
  Algorithm algorithm = Algorithm::kEs256;
  std::string key_id;
  std::string_view signed_text;
  std::string signature;
  std::string claims;
};

struct VerifiedToken {
  Principal principal;
  Instant expires;
};

// UNAUTHENTICATED: TOKEN_MISSING, TOKEN_MALFORMED (form, size above 16 KiB, unknown critical
// extensions, wrong type) or TOKEN_ALGORITHM (anything but ES256 and RS256).
absl::StatusOr<ParsedToken> ParseAuthorization(std::string_view header);

// Signature first, then claims. UNAUTHENTICATED: TOKEN_ALGORITHM (the key is for the other one),
// TOKEN_SIGNATURE, TOKEN_CLAIMS, TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID.
//
// "sub" becomes the principal's name: as it is if it begins with "users/" or "clients/", otherwise
// behind "users/". "tenant" is a UUID, "permissions" a list of texts.
absl::StatusOr<VerifiedToken> VerifyToken(const ParsedToken& token, const PublicKey& key,
                                          const TokenRules& rules, Instant now);

}  // namespace lotura::rpc
