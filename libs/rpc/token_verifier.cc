#include "libs/rpc/token_verifier.h"

#include "libs/base/errors.h"

namespace lotura::rpc {
namespace {

constexpr std::chrono::seconds kLeewayMax{60};
constexpr std::chrono::seconds kCacheTimeMax{60};
constexpr std::int64_t kRetryAfterMs = 100;

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kLoopback[] = {"127.0.0.1", "localhost", "[::1]"};

bool IsUrl(std::string_view text) {
  return text.starts_with(kPlain) || text.starts_with("https://");
}

// Whoever sits between could forge tokens.
bool IsPlainBeyondThisMachine(std::string_view text) {
  if (!text.starts_with(kPlain)) return false;
  text.remove_prefix(kPlain.size());
  return std::ranges::none_of(kLoopback, [&](std::string_view host) {
    return text.starts_with(host) &&
           (text.size() == host.size() || text[host.size()] == '/' || text[host.size()] == ':');
  });
}

FetchKeys FetchFrom(const std::string& where) {
  return IsUrl(where) ? KeysFromUrl(where) : KeysFromFile(where);
}

KeySourceOptions TimingOf(const TokenOptions& options) {
  if (options.fetch.has_value()) return *options.fetch;
  if (IsUrl(options.keys)) return {};
  return {.refresh = std::chrono::seconds(1), .refetch_min = std::chrono::milliseconds(100)};
}

absl::Status Validate(const TokenOptions& options) {
  Violations violations;
  const auto require = [&](bool good, const char* field, const char* what) {
    if (!good) violations.Add(field, "OUT_OF_RANGE", what);
  };
  require(!options.rules.issuer.empty(), "rules.issuer", "the issuer must be named");
  require(!options.rules.audience.empty(), "rules.audience", "the audience must be named");
  require(options.rules.leeway.count() >= 0 && options.rules.leeway <= kLeewayMax, "rules.leeway",
          "clocks may differ by at most a minute");
  require(!options.keys.empty(), "keys", "the place of the keys must be named");
  require(!IsPlainBeyondThisMachine(options.keys), "keys",
          "keys are fetched by https, by http from this machine alone");
  require(options.cache_max > 0, "cache_max", "the cache needs room for a token");
  require(options.cache_time.count() >= 0 && options.cache_time <= kCacheTimeMax, "cache_time",
          "a token is believed for at most a minute");
  return violations.ToStatus();
}

}  // namespace

TokenVerifier::TokenVerifier(const TokenOptions& options, const Clock& clock,
                             const observe::Log& log, const observe::Metrics& metrics)
    : options_(options),
      clock_(clock),
      checks_(metrics.AddCounters({.name = "lotura_token_checks_total",
                                   .help = "Tokens looked at, by what came of it.",
                                   .labels = {"result"}})),
      hits_(checks_.With({"cached"})),
      accepted_(checks_.With({"valid"})),
      cache_(options.cache_max),
      keys_(
          TimingOf(options), FetchFrom(options.keys), [this] { cache_.Clear(); }, log, metrics) {}

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Create(
    const TokenOptions& options, const Clock& clock, const observe::Log& log,
    const observe::Metrics& metrics) {
  LOTURA_RETURN_IF_ERROR(Validate(options));
  std::unique_ptr<TokenVerifier> verifier(new TokenVerifier(options, clock, log, metrics));
  const absl::Status fetched = verifier->keys_.FetchNow();
  if (!fetched.ok() && !IsUrl(options.keys)) return fetched;
  verifier->keys_.Start();
  return verifier;
}

absl::Status TokenVerifier::Ready() const {
  if (keys_.Get() != nullptr) return absl::OkStatus();
  return Unavailable("KEYS_UNAVAILABLE", "the keys of tokens are not known yet");
}

std::optional<absl::StatusOr<PrincipalPtr>> TokenVerifier::Try(std::string_view authorization) {
  return Check(authorization, Patience::kMayWait);
}

void TokenVerifier::Ask(std::string authorization, Done done) {
  const auto ask = std::make_shared<const Done>(std::move(done));
  const bool taken = keys_.AfterFetch(
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
  const KeySource::Keys keys = keys_.Get();
  const PublicKey* key = keys == nullptr ? nullptr : keys->Find(token->key_id);
  if (key == nullptr) {
    if (patience == Patience::kMayWait && keys_.MayFetch()) return std::nullopt;
    if (keys == nullptr) return Ready();
    return Unauthenticated("TOKEN_SIGNATURE", "the token is signed with an unknown key");
  }
  const Instant now = clock_.Now();
  auto verified = VerifyToken(*token, *key, options_.rules, now);
  if (!verified.ok()) return verified.status();
  auto principal = std::make_shared<const Principal>(std::move(verified->principal));
  cache_.Put(digest, principal, std::min(verified->expires, now + options_.cache_time), epoch);
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
