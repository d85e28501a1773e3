// Whose tokens are accepted, and for whom.
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/errors.h"
#include "libs/rpc/token.h"

namespace lotura::rpc {

struct TrustedIssuer {
  // Short name of it in metrics and logs: a lower-case letter, then letters, digits and hyphens.
  std::string id;
  // Where it publishes its keys: a path, or a URL that begins with "http://" or "https://". Empty:
  // where its discovery document says.
  std::string keys;
  TokenRules rules;
};

// {"leeway_s": 30, "issuers": [{"id", "issuer", "audience", "keys", "subjects",
// "permissions", "tenants", "tenant_claim"}]}: the table in docs/identity.md has their meaning.
// INVALID_ARGUMENT with everything that is wrong, as "issuers[0].subjects".
absl::StatusOr<std::vector<TrustedIssuer>> ParseIssuers(std::string_view json);

// Adds everything that does not go together.
void CheckIssuers(std::span<const TrustedIssuer> issuers, Violations& violations);

}  // namespace lotura::rpc
