#include "libs/rpc/trusted_issuers.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "libs/base/names.h"
#include "libs/rpc/json_reader.h"
#include "libs/rpc/key_source.h"

namespace lotura::rpc {
namespace {

using Json = nlohmann::json;

// Each has a thread that fetches its keys.
constexpr std::size_t kIssuersMax = 32;
constexpr std::chrono::seconds kLeewayMax{60};
constexpr char kReason[] = "ISSUERS_FILE";

Subjects SubjectsOf(JsonReader& reader) {
  const std::string text = reader.Text("subjects", nullptr);
  if (text == "names") return Subjects::kNames;
  if (text != "opaque") reader.Wrong("subjects", "it is \"names\" or \"opaque\"");
  return Subjects::kOpaque;
}

Grounds GroundsOf(JsonReader& reader) {
  const std::string text = reader.Text("permissions", nullptr);
  if (text == "from_token") return Grounds::kToken;
  if (text != "from_directory")
    reader.Wrong("permissions", "it is \"from_token\" or \"from_directory\"");
  return Grounds::kDirectory;
}

std::chrono::seconds LeewayOf(JsonReader& reader) {
  const Json* found = reader.Find("leeway_s");
  if (found == nullptr) return TokenRules().leeway;
  if (found->is_number_unsigned() && *found <= kLeewayMax.count())
    return std::chrono::seconds(found->get<std::int64_t>());
  reader.Wrong("leeway_s", "it is a whole number of seconds, at most 60");
  return {};
}

TrustedIssuer ReadIssuer(const Json& object, std::string path, std::chrono::seconds leeway,
                         Violations& violations) {
  JsonReader reader(object, {std::move(path), kReason}, violations);
  TrustedIssuer issuer;
  issuer.id = reader.Text("id", nullptr);
  issuer.keys = reader.Text("keys", "");
  issuer.rules.issuer = reader.Text("issuer", nullptr);
  issuer.rules.audience = reader.Text("audience", nullptr);
  issuer.rules.leeway = leeway;
  issuer.rules.subjects = SubjectsOf(reader);
  issuer.rules.grounds = GroundsOf(reader);
  issuer.rules.tenants = reader.Tenants();
  issuer.rules.tenant_claim = reader.Text("tenant_claim", "tenant");
  reader.RefuseOthers();
  return issuer;
}

void CheckIssuer(const TrustedIssuer& issuer, const std::string& path, Violations& violations) {
  const TokenRules& rules = issuer.rules;
  const auto require = [&](bool good, const char* field, const char* what) {
    if (!good) violations.Add(path + field, "OUT_OF_RANGE", what);
  };
  require(IsWellFormedId(issuer.id), "id", "a lower-case letter, then letters, digits and hyphens");
  require(!rules.issuer.empty(), "issuer", "the issuer must be named");
  require(!rules.audience.empty(), "audience", "the audience must be named");
  require(rules.leeway.count() >= 0 && rules.leeway <= kLeewayMax, "leeway",
          "clocks may differ by at most a minute");
  require(!rules.tenant_claim.empty() || rules.tenants.size() == 1, "tenant_claim",
          "an issuer whose tokens name no tenant speaks for exactly one");
  const std::string& place = issuer.keys.empty() ? rules.issuer : issuer.keys;
  require(IsSafeUrl(place), "keys", "keys are fetched by https, by http from this machine alone");
  require(
      !issuer.keys.empty() || IsUrl(rules.issuer), "keys",
      "an issuer that is no URL has no discovery document: the place of its keys must be named");
}

// Two issuers whose subjects are names could each speak for the other's users.
void CheckNames(std::span<const TrustedIssuer> issuers, Violations& violations) {
  const auto share = [](const std::set<TenantId>& a, const std::set<TenantId>& b) {
    return a.empty() || b.empty() ||
           std::ranges::any_of(a, [&b](const TenantId& tenant) { return b.contains(tenant); });
  };
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (issuers[i].rules.subjects == Subjects::kNames &&
          issuers[k].rules.subjects == Subjects::kNames &&
          share(issuers[i].rules.tenants, issuers[k].rules.tenants)) {
        violations.Add(fmt::format("issuers[{}].subjects", i), "OUT_OF_RANGE",
                       "of the issuers of one tenant only one has names as subjects");
      }
    }
  }
}

void CheckUnique(std::span<const TrustedIssuer> issuers, Violations& violations) {
  std::set<std::string> ids;
  std::set<std::string> names;
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    if (!ids.insert(issuers[i].id).second)
      violations.Add(fmt::format("issuers[{}].id", i), "OUT_OF_RANGE", "another one has it");
    if (!names.insert(issuers[i].rules.issuer).second)
      violations.Add(fmt::format("issuers[{}].issuer", i), "OUT_OF_RANGE", "it stands there twice");
  }
}

}  // namespace

absl::StatusOr<std::vector<TrustedIssuer>> ParseIssuers(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  Violations violations;
  JsonReader reader(parsed, {"", kReason}, violations);
  const std::chrono::seconds leeway = LeewayOf(reader);
  std::vector<TrustedIssuer> issuers;
  if (const Json* list = reader.List("issuers"); list != nullptr) {
    for (const Json& object : *list) {
      issuers.push_back(
          ReadIssuer(object, fmt::format("issuers[{}]", issuers.size()), leeway, violations));
    }
  }
  reader.RefuseOthers();
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  return issuers;
}

void CheckIssuers(std::span<const TrustedIssuer> issuers, Violations& violations) {
  if (issuers.empty() || issuers.size() > kIssuersMax)
    violations.Add("issuers", "OUT_OF_RANGE", "there are 1 to 32 of them");
  for (std::size_t i = 0; i < issuers.size(); ++i)
    CheckIssuer(issuers[i], fmt::format("issuers[{}].", i), violations);
  CheckUnique(issuers, violations);
  CheckNames(issuers, violations);
}

}  // namespace lotura::rpc
