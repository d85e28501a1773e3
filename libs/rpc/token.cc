#include "libs/rpc/token.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "libs/rpc/json_fields.h"

namespace lotura::rpc {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTokenMax = 16 << 10;
constexpr std::size_t kSubjectMax = 255;
constexpr std::size_t kPermissionsMax = 256;
constexpr std::size_t kPermissionMax = 128;
constexpr std::string_view kScheme = "bearer ";
constexpr std::string_view kUsers = "users/";
constexpr std::string_view kClients = "clients/";
// Of a hash that stands for a subject: nobody finds two subjects with the same 16 bytes.
constexpr std::size_t kHashBytes = 16;
// Before the hash's digits.
constexpr char kHashed = 's';

absl::Status Malformed(std::string_view why) { return Unauthenticated("TOKEN_MALFORMED", why); }
absl::Status WrongClaims(std::string_view why) { return Unauthenticated("TOKEN_CLAIMS", why); }

// An object, or null.
Json ParseObject(std::string_view text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : Json();
}

absl::StatusOr<Algorithm> AlgorithmOf(const Json& header) {
  const std::string name = TextOf(header, "alg");
  if (name == "ES256") return Algorithm::kEs256;
  if (name == "RS256") return Algorithm::kRs256;
  return Unauthenticated("TOKEN_ALGORITHM", "tokens are signed with ES256 or RS256");
}

absl::Status CheckHeader(const Json& header) {
  if (header.is_null()) return Malformed("the token's header is not a JSON object");
  if (header.contains("crit"))
    return Malformed("the token needs an extension that is unknown here");
  const std::string type = ToLowerAscii(TextOf(header, "typ"));
  const bool known = type == "jwt" || type == "at+jwt" || type == "application/at+jwt" ||
                     (type.empty() && !header.contains("typ"));
  if (!known) return Malformed("the token's type is neither JWT nor at+jwt");
  return absl::OkStatus();
}

// Seconds since 1970, cut to what an Instant holds.
std::optional<Instant> TimeOf(const Json& claims, const char* field) {
  const auto found = claims.find(field);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  constexpr double kLimit = 1e11;  // about the year 5000
  if (!std::isfinite(seconds) || std::abs(seconds) > kLimit) return std::nullopt;
  return Instant(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)));
}

bool IsFor(const Json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return *found == audience;
  return found->is_array() &&
         std::find(found->begin(), found->end(), Json(audience)) != found->end();
}

absl::StatusOr<Instant> CheckTimes(const Json& claims, std::chrono::seconds leeway, Instant now) {
  const std::optional<Instant> expires = TimeOf(claims, "exp");
  if (!expires.has_value()) return WrongClaims("the token has no time of expiry (exp)");
  if (now >= *expires + leeway) return Unauthenticated("TOKEN_EXPIRED", "the token has expired");
  if (claims.contains("nbf")) {
    const std::optional<Instant> begins = TimeOf(claims, "nbf");
    if (!begins.has_value()) return WrongClaims("the token's begin (nbf) is not a time");
    if (now + leeway < *begins) {
      return Unauthenticated("TOKEN_NOT_YET_VALID", "the token is not valid yet");
    }
  }
  return *expires;
}

// OpenID Connect Core 1.0, section 2: at most 255 characters of ASCII.
bool IsSubject(std::string_view text) {
  if (text.empty() || text.size() > kSubjectMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7F'; });
}

// An id that stands for a subject of an issuer whose subjects are opaque.
bool IsOfHash(std::string_view id) {
  return id.size() == 1 + 2 * kHashBytes && id.front() == kHashed &&
         id.find_first_not_of("0123456789abcdef", 1) == std::string_view::npos;
}

absl::StatusOr<std::string> NameOfId(const std::string& subject) {
  std::string_view collection = kUsers;
  std::string_view id = subject;
  for (const std::string_view named : {kUsers, kClients}) {
    if (!subject.starts_with(named)) continue;
    collection = named;
    id.remove_prefix(named.size());
  }
  if (!IsWellFormedId(id))
    return WrongClaims("the token's subject (sub) is no name of a user or client");
  // Whoever chooses names at one issuer must not become somebody of another one.
  if (IsOfHash(id))
    return WrongClaims("the token's subject (sub) is a name that stands for an opaque subject");
  return fmt::format("{}{}", collection, id);
}

std::string NameOfText(const Json& claims, const std::string& subject) {
  const std::string_view collection = TextOf(claims, "client_id") == subject ? kClients : kUsers;
  const Sha256Digest digest = Sha256(TextOf(claims, "iss") + '\n' + subject);
  return fmt::format("{}{}{}", collection, kHashed, ToHex(std::span(digest).first(kHashBytes)));
}

absl::StatusOr<std::string> NameOf(const Json& claims, Subjects subjects) {
  const std::string subject = TextOf(claims, "sub");
  if (!IsSubject(subject))
    return WrongClaims("the token's subject (sub) is missing or not printable");
  if (subjects == Subjects::kNames) return NameOfId(subject);
  return NameOfText(claims, subject);
}

absl::StatusOr<TenantId> TenantOf(const Json& claims, const TokenRules& rules) {
  if (rules.tenant_claim.empty()) return *rules.tenants.begin();
  const std::optional<Uuid> named = Uuid::Parse(TextOf(claims, rules.tenant_claim.c_str()));
  if (!named.has_value()) return WrongClaims("the token's tenant is missing or not a UUID");
  const TenantId tenant{*named};
  if (!rules.tenants.empty() && !rules.tenants.contains(tenant))
    return Unauthenticated("TOKEN_TENANT", "the token's issuer does not speak for its tenant");
  return tenant;
}

absl::StatusOr<std::vector<std::string>> PermissionsOf(const Json& claims) {
  std::vector<std::string> permissions;
  const auto found = claims.find("permissions");
  if (!found->is_array() || found->size() > kPermissionsMax) {
    return WrongClaims("the token's permissions are not a list of at most 256 texts");
  }
  for (const Json& permission : *found) {
    const auto* text = permission.get_ptr<const std::string*>();
    if (text == nullptr || text->empty() || text->size() > kPermissionMax) {
      return WrongClaims("a permission of the token is not a text of at most 128 characters");
    }
    permissions.push_back(*text);
  }
  return permissions;
}

absl::StatusOr<Principal> PrincipalOf(const Json& claims, const TokenRules& rules) {
  Principal principal;
  LOTURA_ASSIGN_OR_RETURN(principal.name, NameOf(claims, rules.subjects));
  LOTURA_ASSIGN_OR_RETURN(principal.tenant, TenantOf(claims, rules));
  const bool states = rules.grounds == Grounds::kToken && claims.contains("permissions");
  principal.grounds = states ? Grounds::kToken : Grounds::kDirectory;
  if (states) {
    LOTURA_ASSIGN_OR_RETURN(principal.permissions, PermissionsOf(claims));
  }
  return principal;
}

}  // namespace

absl::StatusOr<ParsedToken> ParseAuthorization(std::string_view header) {
  if (header.empty()) return Unauthenticated("TOKEN_MISSING", "the call needs a bearer token");
  if (ToLowerAscii(header.substr(0, kScheme.size())) != kScheme) {
    return Malformed("the authorization header is not a bearer token");
  }
  const std::string_view text = Trim(header.substr(kScheme.size()));
  if (text.size() > kTokenMax) return Malformed("the token is larger than 16 KiB");
  const std::vector<std::string_view> parts = Split(text, '.');
  if (parts.size() != 3) return Malformed("the token does not have three parts");
  auto head = FromBase64Url(parts[0]);
  auto claims = FromBase64Url(parts[1]);
  auto signature = FromBase64Url(parts[2]);
  if (!head.has_value() || !claims.has_value() || !signature.has_value()) {
    return Malformed("a part of the token is not in base 64 for URLs");
  }
  const Json header_fields = ParseObject(*head);
  LOTURA_RETURN_IF_ERROR(CheckHeader(header_fields));
  ParsedToken token;
  LOTURA_ASSIGN_OR_RETURN(token.algorithm, AlgorithmOf(header_fields));
  token.key_id = TextOf(header_fields, "kid");
  token.signed_text = text.substr(0, parts[0].size() + 1 + parts[1].size());
  token.signature = *std::move(signature);
  token.claims = *std::move(claims);
  return token;
}

std::string IssuerOf(const ParsedToken& token) { return TextOf(ParseObject(token.claims), "iss"); }

absl::StatusOr<VerifiedToken> VerifyToken(const ParsedToken& token, const PublicKey& key,
                                          const TokenRules& rules, Instant now) {
  if (key.algorithm() != token.algorithm) {
    return Unauthenticated("TOKEN_ALGORITHM", "the token's key is for another algorithm");
  }
  if (!key.Verifies(token.signed_text, token.signature)) {
    return Unauthenticated("TOKEN_SIGNATURE", "the token's signature is wrong");
  }
  const Json claims = ParseObject(token.claims);
  if (claims.is_null()) return Malformed("the token's claims are not a JSON object");
  if (TextOf(claims, "iss") != rules.issuer) {
    return Unauthenticated("TOKEN_ISSUER", "the token is from another issuer");
  }
  if (!IsFor(claims, rules.audience)) {
    return Unauthenticated("TOKEN_AUDIENCE", "the token is for another audience");
  }
  VerifiedToken verified;
  LOTURA_ASSIGN_OR_RETURN(verified.expires, CheckTimes(claims, rules.leeway, now));
  LOTURA_ASSIGN_OR_RETURN(verified.principal, PrincipalOf(claims, rules));
  return verified;
}

}  // namespace lotura::rpc
