// Callers by their bearer tokens.
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/authenticator.h"
#include "libs/rpc/key_source.h"
#include "libs/rpc/token.h"
#include "libs/rpc/token_cache.h"

namespace lotura::rpc {

struct TokenOptions {
  TokenRules rules;
  // Where the issuer publishes its keys: a path, or a URL that begins with "http://" or "https://".
  std::string keys;
  std::size_t cache_max = 10'000;
  // Longest time that a verified token is believed without looking at it again; at most a minute.
  std::chrono::seconds cache_time{60};
  // Timing of the fetches; unset: a file is looked at each second, a URL asked every 5 minutes and
  // at most every 10 s.
  std::optional<KeySourceOptions> fetch = {};
};

// Thread-safe. A token signed with an unknown key makes the keys be fetched, at a limited rate;
// while the issuer cannot be reached, the last keys serve. Metrics:
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

  // OK once there are keys.
  [[nodiscard]] absl::Status Ready() const;

 private:
  TokenVerifier(const TokenOptions& options, const Clock& clock, const observe::Log& log,
                const observe::Metrics& metrics);

  enum class Patience { kMayWait, kNow };

  std::optional<absl::StatusOr<PrincipalPtr>> Check(std::string_view authorization,
                                                    Patience patience);
  std::optional<absl::StatusOr<PrincipalPtr>> CheckUncached(std::string_view authorization,
                                                            const Sha256Digest& digest,
                                                            Patience patience);
  absl::StatusOr<PrincipalPtr> Count(absl::StatusOr<PrincipalPtr> result) const;

  const TokenOptions options_;
  const Clock& clock_;
  const observe::CounterFamily checks_;
  const observe::Counter hits_;
  const observe::Counter accepted_;
  TokenCache cache_;
  // Last: its thread uses what stands above.
  KeySource keys_;
};

}  // namespace lotura::rpc
