// JSON Web Tokens (RFC 7519, RFC 8725): parsing and checking, without any state.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>

#include "libs/base/call.h"
#include "libs/rpc/key_set.h"

namespace lotura::rpc {

// What an issuer's subjects ("sub") are called here.
enum class Subjects {
  // "users/anna" and "clients/erp" as they are, any other id behind "users/".
  kNames,
  // Any text: "users/s<32 hex>", a hash of issuer and subject, so that no issuer can speak for
  // another one's users; "clients/s<32 hex>" for a client that speaks for itself (RFC 9068: its
  // "client_id" is the subject).
  kOpaque,
};

// What a token of an issuer must say to be accepted.
struct TokenRules {
  std::string issuer;
  std::string audience;
  // How far clocks may differ; at most a minute.
  std::chrono::seconds leeway{30};
  Subjects subjects = Subjects::kNames;
  // Whom the issuer may speak for. Empty: every tenant.
  std::set<TenantId> tenants = {};
  // The claim that names the tenant. Empty: none does, and `tenants` has one.
  std::string tenant_claim = "tenant";
  // Who says what its subjects may do. kToken: their tokens, and directory of those whose tokens
  // have no "permissions"; otherwise directory of all.
  Grounds grounds = Grounds::kDirectory;
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

// The issuer that the token names, before anything of it is believed; empty if it names none.
std::string IssuerOf(const ParsedToken& token);

// Signature first, then claims. UNAUTHENTICATED: TOKEN_ALGORITHM (the key is for the other one),
// TOKEN_SIGNATURE, TOKEN_CLAIMS, TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID,
// TOKEN_TENANT (the issuer may not speak for it). "permissions" is a list of texts.
absl::StatusOr<VerifiedToken> VerifyToken(const ParsedToken& token, const PublicKey& key,
                                          const TokenRules& rules, Instant now);

}  // namespace lotura::rpc
