// Callers by the keys of clients.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/access/authority.h"
#include "libs/access/key_uses.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/authenticator.h"

namespace lotura::access {

// Thread-safe. Knows a token that begins "lotura_" by the policies of the process, never waits, and
// keeps nothing of it: a key that is taken away is refused as soon as they say so. Every other
// caller is asked of `tokens`. Metrics: lotura_api_key_checks_total{result}.
class ApiKeys final : public rpc::Authenticator {
 public:
  // All of it outlives this.
  struct Parts {
    rpc::Authenticator& tokens;
    const Authority& authority;
    KeyUses& uses;
    const Clock& clock;
  };
  ApiKeys(const Parts& parts, const observe::Metrics& metrics);

  // UNAUTHENTICATED: KEY_MALFORMED (not a key as one was told), KEY_UNKNOWN (no such key, or
  // another secret), and, to whoever has the secret, KEY_SUSPENDED and KEY_EXPIRED.
  std::optional<absl::StatusOr<rpc::PrincipalPtr>> Try(std::string_view authorization) override;
  void Ask(std::string authorization, Done done) override;

 private:
  [[nodiscard]] absl::StatusOr<rpc::PrincipalPtr> Check(std::string_view text) const;

  const Parts parts_;
  const observe::CounterFamily checks_;
  const observe::Counter accepted_;
};

}  // namespace lotura::access
