#include "libs/access/api_keys.h"

#include "libs/access/api_key_token.h"
#include "libs/base/errors.h"
#include "libs/base/text.h"

namespace lotura::access {
namespace {

constexpr std::string_view kBearer = "bearer ";

// What follows "Bearer ", if it begins as a key does.
std::optional<std::string_view> KeyIn(std::string_view authorization) {
  if (ToLowerAscii(authorization.substr(0, kBearer.size())) != kBearer) return std::nullopt;
  const std::string_view text = Trim(authorization.substr(kBearer.size()));
  if (!text.starts_with(kApiKeyScheme)) return std::nullopt;
  return text;
}

}  // namespace

ApiKeys::ApiKeys(const Parts& parts, const observe::Metrics& metrics)
    : parts_(parts),
      checks_(metrics.AddCounters({.name = "lotura_api_key_checks_total",
                                   .help = "Keys of clients looked at, by what came of it.",
                                   .labels = {"result"}})),
      accepted_(checks_.With({"valid"})) {}

std::optional<absl::StatusOr<rpc::PrincipalPtr>> ApiKeys::Try(std::string_view authorization) {
  const auto text = KeyIn(authorization);
  if (!text.has_value()) return parts_.tokens.Try(authorization);
  auto checked = Check(*text);
  if (checked.ok()) {
    accepted_.Add();
  } else {
    checks_.With({ReasonOf(checked.status())}).Add();
  }
  return checked;
}

void ApiKeys::Ask(std::string authorization, Done done) {
  if (KeyIn(authorization).has_value()) return done(*Try(authorization));
  parts_.tokens.Ask(std::move(authorization), std::move(done));
}

absl::StatusOr<rpc::PrincipalPtr> ApiKeys::Check(std::string_view text) const {
  const auto token = ParseApiKeyToken(text);
  if (!token.has_value()) {
    return Unauthenticated("KEY_MALFORMED",
                           "this is not a key as it was told; was it copied whole?");
  }
  const Policies* policies = parts_.authority.first();
  if (policies == nullptr)
    return Unavailable("POLICY_UNAVAILABLE", "the keys of clients are not known here");
  LOTURA_ASSIGN_OR_RETURN(const KnownKeyPtr key, policies->FindKey(token->tenant, token->start));
  const bool has_secret = key != nullptr && IsSameDigest(key->secret_hash, token->secret_hash);
  const Instant now = parts_.clock.Now();
  LOTURA_RETURN_IF_ERROR(CheckKey(has_secret ? key.get() : nullptr, now));
  parts_.uses.Note(token->tenant, token->start, now);
  return std::make_shared<const Principal>(Principal{.tenant = token->tenant,
                                                     .name = key->client,
                                                     .grounds = Grounds::kDirectory,
                                                     .scopes = key->scopes,
                                                     .api_key = token->start});
}

}  // namespace lotura::access
