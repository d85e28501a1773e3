#include "libs/rpc/trusted_issuers.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "libs/base/names.h"
#include "libs/rpc/key_source.h"

namespace lotura::rpc {
namespace {

using Json = nlohmann::json;

// Each has a thread that fetches its keys.
constexpr std::size_t kIssuersMax = 32;
constexpr std::chrono::seconds kLeewayMax{60};
constexpr std::string_view kAnyTenant = "any";

// One JSON object, whose members are asked for by name; what nobody asked for is a violation.
class Reader {
 public:
  Reader(const Json& object, std::string path, Violations& violations)
      : object_(object), path_(std::move(path)), violations_(violations) {
    if (!object_.is_object()) Wrong("", "an object is expected");
  }

  // Null if it is absent.
  const Json* Find(const char* name) {
    known_.insert(name);
    const auto found = object_.is_object() ? object_.find(name) : object_.end();
    return found == object_.end() ? nullptr : &*found;
  }

  std::string Text(const char* name, const char* absent) {
    const Json* found = Find(name);
    if (found == nullptr && absent != nullptr) return absent;
    if (found != nullptr && found->is_string()) return found->get<std::string>();
    Wrong(name, "a text is expected");
    return {};
  }

  void Wrong(std::string_view name, std::string_view what) {
    const bool inner = !path_.empty() && !name.empty();
    violations_.Add(fmt::format("{}{}{}", path_, inner ? "." : "", name), "ISSUERS_FILE",
                    std::string(what));
  }

  void RefuseOthers() {
    if (!object_.is_object()) return;
    for (const auto& [name, value] : object_.items()) {
      if (!known_.contains(name)) Wrong(name, "nothing of this name is known");
    }
  }

 private:
  const Json& object_;
  const std::string path_;
  Violations& violations_;
  std::set<std::string> known_;
};

Subjects SubjectsOf(Reader& reader) {
  const std::string text = reader.Text("subjects", nullptr);
  if (text == "names") return Subjects::kNames;
  if (text != "opaque") reader.Wrong("subjects", "it is \"names\" or \"opaque\"");
  return Subjects::kOpaque;
}

std::set<TenantId> TenantsOf(Reader& reader) {
  std::set<TenantId> tenants;
  const Json* found = reader.Find("tenants");
  if (found != nullptr && *found == kAnyTenant) return tenants;
  if (found == nullptr || !found->is_array() || found->empty()) {
    reader.Wrong("tenants", "it is a list of UUIDs or \"any\"");
    return tenants;
  }
  for (const Json& item : *found) {
    const auto* text = item.get_ptr<const std::string*>();
    const auto tenant = text == nullptr ? std::nullopt : Uuid::Parse(*text);
    if (tenant.has_value()) {
      tenants.insert(TenantId{*tenant});
    } else {
      reader.Wrong("tenants", "each is a UUID");
    }
  }
  return tenants;
}

std::chrono::seconds LeewayOf(Reader& reader) {
  const Json* found = reader.Find("leeway_s");
  if (found == nullptr) return TokenRules().leeway;
  if (found->is_number_unsigned() && *found <= kLeewayMax.count())
    return std::chrono::seconds(found->get<std::int64_t>());
  reader.Wrong("leeway_s", "it is a whole number of seconds, at most 60");
  return {};
}

TrustedIssuer ReadIssuer(const Json& object, std::string path, std::chrono::seconds leeway,
                         Violations& violations) {
  Reader reader(object, std::move(path), violations);
  TrustedIssuer issuer;
  issuer.id = reader.Text("id", nullptr);
  issuer.keys = reader.Text("keys", "");
  issuer.rules.issuer = reader.Text("issuer", nullptr);
  issuer.rules.audience = reader.Text("audience", nullptr);
  issuer.rules.leeway = leeway;
  issuer.rules.subjects = SubjectsOf(reader);
  issuer.rules.tenants = TenantsOf(reader);
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
  Reader reader(parsed, "", violations);
  const std::chrono::seconds leeway = LeewayOf(reader);
  std::vector<TrustedIssuer> issuers;
  const Json* list = reader.Find("issuers");
  if (list == nullptr || !list->is_array()) {
    reader.Wrong("issuers", "a list is expected");
  } else {
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
