#include "libs/rpc/token_verifier.h"

#include "libs/base/errors.h"

namespace lotura::rpc {
namespace {

constexpr std::chrono::seconds kCacheTimeMax{60};
constexpr std::int64_t kRetryAfterMs = 100;

FetchKeys FetchFrom(const TrustedIssuer& issuer) {
  if (issuer.keys.empty()) return KeysFromDiscovery(issuer.rules.issuer);
  return IsUrl(issuer.keys) ? KeysFromUrl(issuer.keys) : KeysFromFile(issuer.keys);
}

bool IsFile(const TrustedIssuer& issuer) { return !issuer.keys.empty() && !IsUrl(issuer.keys); }

KeySourceOptions TimingOf(const TokenOptions& options, const TrustedIssuer& issuer) {
  KeySourceOptions timing;
  if (options.fetch.has_value()) {
    timing = *options.fetch;
  } else if (IsFile(issuer)) {
    timing.refresh = std::chrono::seconds(1);
    timing.refetch_min = std::chrono::milliseconds(100);
  }
  timing.id = issuer.id;
  return timing;
}

absl::Status KeysUnavailable() {
  return Unavailable("KEYS_UNAVAILABLE", "the keys of tokens are not known yet");
}

absl::Status Validate(const TokenOptions& options) {
  Violations violations;
  CheckIssuers(options.issuers, violations);
  if (options.cache_max == 0)
    violations.Add("cache_max", "OUT_OF_RANGE", "the cache needs room for a token");
  if (options.cache_time.count() < 0 || options.cache_time > kCacheTimeMax)
    violations.Add("cache_time", "OUT_OF_RANGE", "a token is believed for at most a minute");
  return violations.ToStatus();
}

}  // namespace

TokenVerifier::TokenVerifier(const TokenOptions& options, const Clock& clock,
                             const observe::Log& log, const observe::Metrics& metrics)
    : cache_time_(options.cache_time),
      clock_(clock),
      checks_(metrics.AddCounters({.name = "lotura_token_checks_total",
                                   .help = "Tokens looked at, by what came of it.",
                                   .labels = {"result"}})),
      hits_(checks_.With({"cached"})),
      accepted_(checks_.With({"valid"})),
      cache_(options.cache_max) {
  for (const TrustedIssuer& issuer : options.issuers) {
    issuers_.emplace(issuer.rules.issuer,
                     Issuer{issuer.rules, std::make_unique<KeySource>(
                                              TimingOf(options, issuer), FetchFrom(issuer),
                                              [this] { cache_.Clear(); }, log, metrics)});
  }
}

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Create(
    const TokenOptions& options, const Clock& clock, const observe::Log& log,
    const observe::Metrics& metrics) {
  LOTURA_RETURN_IF_ERROR(Validate(options));
  std::unique_ptr<TokenVerifier> verifier(new TokenVerifier(options, clock, log, metrics));
  for (const TrustedIssuer& issuer : options.issuers) {
    if (!IsFile(issuer)) continue;
    LOTURA_RETURN_IF_ERROR(verifier->issuers_.at(issuer.rules.issuer).keys->FetchNow());
  }
  for (auto& [name, issuer] : verifier->issuers_) issuer.keys->Start();
  return verifier;
}

absl::Status TokenVerifier::Ready() const {
  const auto has_keys = [](const auto& entry) { return entry.second.keys->Get() != nullptr; };
  if (std::ranges::any_of(issuers_, has_keys)) return absl::OkStatus();
  return KeysUnavailable();
}

const TokenVerifier::Issuer* TokenVerifier::FindIssuer(const ParsedToken& token) const {
  const auto found = issuers_.find(IssuerOf(token));
  return found == issuers_.end() ? nullptr : &found->second;
}

std::optional<absl::StatusOr<PrincipalPtr>> TokenVerifier::Try(std::string_view authorization) {
  return Check(authorization, Patience::kMayWait);
}

void TokenVerifier::Ask(std::string authorization, Done done) {
  const auto token = ParseAuthorization(authorization);
  const Issuer* issuer = token.ok() ? FindIssuer(*token) : nullptr;
  if (issuer == nullptr) {
    done(*Check(authorization, Patience::kNow));
    return;
  }
  const auto ask = std::make_shared<const Done>(std::move(done));
  const bool taken = issuer->keys->AfterFetch(
      [this, ask, text = std::move(authorization)] { (*ask)(*Check(text, Patience::kNow)); });
  if (!taken) {
    (*ask)(ResourceExhausted("TOO_MANY_CALLS", "too many calls wait for the keys of tokens",
                             kRetryAfterMs));
  }
}

std::optional<absl::StatusOr<PrincipalPtr>> TokenVerifier::Check(std::string_view authorization,
                                                                 Patience patience) {
  if (authorization.empty())
    return Count(Unauthenticated("TOKEN_MISSING", "the call needs a bearer token"));
  const Sha256Digest digest = Sha256(authorization);
  if (PrincipalPtr known = cache_.Find(digest, clock_.Now())) {
    hits_.Add();
    return known;
  }
  auto result = CheckUncached(authorization, digest, patience);
  if (!result.has_value()) return std::nullopt;
  return Count(*std::move(result));
}

std::optional<absl::StatusOr<PrincipalPtr>> TokenVerifier::CheckUncached(
    std::string_view authorization, const Sha256Digest& digest, Patience patience) {
  const auto token = ParseAuthorization(authorization);
  if (!token.ok()) return token.status();
  const std::uint64_t epoch = cache_.epoch();
  const Issuer* issuer = FindIssuer(*token);
  if (issuer == nullptr)
    return Unauthenticated("TOKEN_ISSUER", "the token is from an issuer that is not trusted");
  const KeySource::Keys keys = issuer->keys->Get();
  const PublicKey* key = keys == nullptr ? nullptr : keys->Find(token->key_id);
  if (key == nullptr) {
    if (patience == Patience::kMayWait && issuer->keys->MayFetch()) return std::nullopt;
    if (keys == nullptr) return KeysUnavailable();
    return Unauthenticated("TOKEN_SIGNATURE", "the token is signed with an unknown key");
  }
  const Instant now = clock_.Now();
  auto verified = VerifyToken(*token, *key, issuer->rules, now);
  if (!verified.ok()) return verified.status();
  verified->principal.until = verified->expires + issuer->rules.leeway;
  auto principal = std::make_shared<const Principal>(std::move(verified->principal));
  cache_.Put(digest, principal, std::min(verified->expires, now + cache_time_), epoch);
  return principal;
}

absl::StatusOr<PrincipalPtr> TokenVerifier::Count(absl::StatusOr<PrincipalPtr> result) const {
  if (result.ok()) {
    accepted_.Add();
  } else {
    checks_.With({ReasonOf(result.status())}).Add();
  }
  return result;
}

}  // namespace lotura::rpc
