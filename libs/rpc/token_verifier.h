// Callers by their bearer tokens.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/authenticator.h"
#include "libs/rpc/key_source.h"
#include "libs/rpc/token.h"
#include "libs/rpc/token_cache.h"
#include "libs/rpc/trusted_issuers.h"

namespace lotura::rpc {

struct TokenOptions {
  // Not empty, with issuers of different names.
  std::vector<TrustedIssuer> issuers;
  std::size_t cache_max = 10'000;
  // Longest time that a verified token is believed without looking at it again; at most a minute.
  std::chrono::seconds cache_time{60};
  // Timing of the fetches; unset: a file is looked at each second, a URL asked every 5 minutes and
  // at most every 10 s.
  std::optional<KeySourceOptions> fetch = {};
};

// Thread-safe. A token signed with an unknown key makes the keys of its issuer be fetched, at a
// limited rate; while the issuer cannot be reached, the last keys serve. Metrics:
// lotura_token_checks_total{result}, and those of KeySource.
class TokenVerifier final : public Authenticator {
 public:
  // INVALID_ARGUMENT if an option is out of its bounds, UNAVAILABLE if a file of keys cannot be
  // read. An issuer's URL may be down: until it answers, calls are refused with UNAVAILABLE
  // (KEYS_UNAVAILABLE).
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Create(const TokenOptions& options,
                                                               const Clock& clock,
                                                               const observe::Log& log,
                                                               const observe::Metrics& metrics);

  std::optional<absl::StatusOr<PrincipalPtr>> Try(std::string_view authorization) override;
  void Ask(std::string authorization, Done done) override;

  // OK once there are keys of an issuer: one that is down keeps nobody else's users away.
  [[nodiscard]] absl::Status Ready() const;

 private:
  TokenVerifier(const TokenOptions& options, const Clock& clock, const observe::Log& log,
                const observe::Metrics& metrics);

  enum class Patience { kMayWait, kNow };

  struct Issuer {
    TokenRules rules;
    std::unique_ptr<KeySource> keys;
  };

  // Null if nobody of that name is trusted.
  const Issuer* FindIssuer(const ParsedToken& token) const;
  std::optional<absl::StatusOr<PrincipalPtr>> Check(std::string_view authorization,
                                                    Patience patience);
  std::optional<absl::StatusOr<PrincipalPtr>> CheckUncached(std::string_view authorization,
                                                            const Sha256Digest& digest,
                                                            Patience patience);
  absl::StatusOr<PrincipalPtr> Count(absl::StatusOr<PrincipalPtr> result) const;

  const std::chrono::seconds cache_time_;
  const Clock& clock_;
  const observe::CounterFamily checks_;
  const observe::Counter hits_;
  const observe::Counter accepted_;
  TokenCache cache_;
  // By their names. Last: the threads of their keys use what stands above.
  std::map<std::string, Issuer, std::less<>> issuers_;
};

}  // namespace lotura::rpc
