#include "libs/rpc/service_principals.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/errors.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "libs/rpc/json_reader.h"

namespace lotura::rpc {
namespace {

using Json = nlohmann::json;

constexpr char kReason[] = "SERVICES_FILE";
constexpr std::size_t kServicesMax = 256;
// As of a token.
constexpr std::size_t kPermissionsMax = 256;
constexpr std::size_t kPermissionMax = 128;
constexpr std::string_view kSpiffe = "spiffe://";
constexpr std::size_t kSpiffeMax = 2048;
constexpr std::size_t kDnsMax = 253;
constexpr std::size_t kLabelMax = 63;

bool IsOf(std::string_view text, std::string_view punctuation) {
  return std::ranges::all_of(text, [punctuation](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  });
}

// A trust domain and a path (SPIFFE ID, section 2).
bool IsSpiffeId(std::string_view text) {
  if (!text.starts_with(kSpiffe) || text.size() > kSpiffeMax) return false;
  const std::vector<std::string_view> parts = Split(text.substr(kSpiffe.size()), '/');
  const auto is_segment = [](std::string_view segment) {
    return !segment.empty() && segment != "." && segment != ".." &&
           IsOf(ToLowerAscii(segment), "-._");
  };
  return parts.size() >= 2 && !parts.front().empty() && IsOf(parts.front(), "-._") &&
         std::all_of(parts.begin() + 1, parts.end(), is_segment);
}

bool IsDnsName(std::string_view text) {
  const auto is_label = [](std::string_view label) {
    return !label.empty() && label.size() <= kLabelMax && IsOf(label, "-");
  };
  return text.size() <= kDnsMax && std::ranges::all_of(Split(text, '.'), is_label);
}

// A permission, or "*" behind the dot of one or alone.
bool IsPermissionPattern(std::string_view text) {
  if (text == "*") return true;
  if (text.size() > kPermissionMax) return false;
  if (text.ends_with(".*")) text.remove_suffix(2);
  const auto is_part = [](std::string_view part) {
    return !part.empty() && IsOf(ToLowerAscii(part), "-_");
  };
  return std::ranges::all_of(Split(text, '.'), is_part);
}

std::vector<std::string> PermissionsOf(JsonReader& reader) {
  std::vector<std::string> permissions;
  const Json* list = reader.List("permissions");
  if (list == nullptr) return permissions;
  if (list->empty() || list->size() > kPermissionsMax)
    reader.Wrong("permissions", "there are 1 to 256 of them");
  for (const Json& item : *list) {
    const auto* text = item.get_ptr<const std::string*>();
    if (text != nullptr && IsPermissionPattern(*text)) {
      permissions.push_back(*text);
    } else {
      reader.Wrong("permissions", "each is a permission, one with .* at its end, or *");
    }
  }
  return permissions;
}

ServicePrincipal ReadService(const Json& object, std::string path, Violations& violations) {
  JsonReader reader(object, {std::move(path), kReason}, violations);
  ServicePrincipal service;
  service.id = reader.Text("id", nullptr);
  service.peer = reader.Text("peer", nullptr);
  service.tenants = reader.Tenants();
  service.permissions = PermissionsOf(reader);
  if (!IsWellFormedId(service.id))
    reader.Wrong("id", "a lower-case letter, then letters, digits and hyphens");
  if (!IsSpiffeId(service.peer) && !IsDnsName(service.peer))
    reader.Wrong("peer", "it is spiffe://<trust domain>/<path>, or a DNS name in lower case");
  reader.RefuseOthers();
  return service;
}

void CheckUnique(const std::vector<ServicePrincipal>& services, Violations& violations) {
  std::set<std::string> ids;
  std::set<std::string> peers;
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (!ids.insert(services[i].id).second)
      violations.Add(fmt::format("services[{}].id", i), kReason, "another one has it");
    if (!peers.insert(services[i].peer).second)
      violations.Add(fmt::format("services[{}].peer", i), kReason, "another one has it");
  }
}

absl::Status WrongTenant(std::string_view why) { return Unauthenticated("PEER_TENANT", why); }

absl::StatusOr<TenantId> TenantOf(const ServicePrincipal& service, std::string_view named) {
  if (named.empty()) {
    if (service.tenants.size() == 1) return *service.tenants.begin();
    return WrongTenant("the service may speak for several tenants, and the call names none");
  }
  const std::optional<Uuid> tenant = Uuid::Parse(named);
  if (!tenant.has_value()) return WrongTenant("the tenant that the call names is not a UUID");
  if (!service.tenants.empty() && !service.tenants.contains(TenantId{*tenant}))
    return WrongTenant("the service does not speak for the tenant that the call names");
  return TenantId{*tenant};
}

}  // namespace

absl::StatusOr<std::vector<ServicePrincipal>> ParseServicePrincipals(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  Violations violations;
  JsonReader reader(parsed, {"", kReason}, violations);
  std::vector<ServicePrincipal> services;
  if (const Json* list = reader.List("services"); list != nullptr) {
    if (list->size() > kServicesMax) reader.Wrong("services", "there are at most 256 of them");
    for (const Json& object : *list) {
      services.push_back(
          ReadService(object, fmt::format("services[{}]", services.size()), violations));
    }
  }
  reader.RefuseOthers();
  CheckUnique(services, violations);
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  return services;
}

ServicePrincipals::ServicePrincipals(std::vector<ServicePrincipal> services,
                                     const observe::Metrics& metrics)
    : checks_(metrics.AddCounters(
          {.name = "lotura_peer_checks_total",
           .help = "Calls without a token from a peer with a certificate, by what came of it.",
           .labels = {"result"}})),
      accepted_(checks_.With({"valid"})) {
  for (ServicePrincipal& service : services) {
    std::string peer = service.peer;
    by_peer_.emplace(std::move(peer), std::move(service));
  }
}

absl::StatusOr<const ServicePrincipal*> ServicePrincipals::FindService(const Peer& peer) const {
  const auto find = [this](std::string_view name) {
    const auto found = by_peer_.find(name);
    return found == by_peer_.end() ? nullptr : &found->second;
  };
  const ServicePrincipal* service = nullptr;
  if (!peer.spiffe_id.empty()) {
    service = find(peer.spiffe_id);
  } else {
    for (const std::string_view name : peer.dns_names) {
      const ServicePrincipal* another = find(ToLowerAscii(name));
      if (another == nullptr) continue;
      if (service != nullptr && another != service) {
        return Unauthenticated("PEER_AMBIGUOUS",
                               "the certificate of the connection has names of two services");
      }
      service = another;
    }
  }
  if (service != nullptr) return service;
  return Unauthenticated("PEER_UNKNOWN",
                         "the call has no token, and the certificate of its connection is of no "
                         "service that is known here");
}

absl::StatusOr<PrincipalPtr> ServicePrincipals::FindUncounted(const Peer& peer,
                                                              std::string_view tenant) const {
  LOTURA_ASSIGN_OR_RETURN(const ServicePrincipal* const service, FindService(peer));
  Principal principal;
  LOTURA_ASSIGN_OR_RETURN(principal.tenant, TenantOf(*service, tenant));
  principal.name = "services/" + service->id;
  principal.permissions = service->permissions;
  principal.grounds = Grounds::kCertificate;
  return std::make_shared<const Principal>(std::move(principal));
}

absl::StatusOr<PrincipalPtr> ServicePrincipals::Find(const Peer& peer,
                                                     std::string_view tenant) const {
  absl::StatusOr<PrincipalPtr> result = FindUncounted(peer, tenant);
  if (result.ok()) {
    accepted_.Add();
  } else {
    checks_.With({ReasonOf(result.status())}).Add();
  }
  return result;
}

}  // namespace lotura::rpc
