// Services that are known by their certificates, and what they may do.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/call.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/authenticator.h"
#include "libs/rpc/peer.h"

namespace lotura::rpc {

struct ServicePrincipal {
  // The caller is called "services/<id>".
  std::string id;
  // What its certificate says: "spiffe://example.org/ns/crm/sa/importer", or a DNS name.
  std::string peer;
  // Whom it may speak for. Empty: every tenant.
  std::set<TenantId> tenants = {};
  // "sales.opportunities.read", "sales.*", "*".
  std::vector<std::string> permissions = {};
};

// {"services": [{"id", "peer", "tenants", "permissions"}]}: the table in docs/tls.md has their
// meaning. INVALID_ARGUMENT (SERVICES_FILE) with everything that is wrong, as "services[0].peer".
absl::StatusOr<std::vector<ServicePrincipal>> ParseServicePrincipals(std::string_view json);

// Immutable and thread-safe. Metrics: lotura_peer_checks_total{result}.
class ServicePrincipals {
 public:
  // As ParseServicePrincipals returns them: of different peers.
  ServicePrincipals(std::vector<ServicePrincipal> services, const observe::Metrics& metrics);

  // The service at the other end. A SPIFFE id speaks alone, without one the DNS names do. `tenant`
  // is what the call names, empty if it names none. UNAUTHENTICATED: PEER_UNKNOWN, PEER_AMBIGUOUS
  // (two services have names of the certificate), PEER_TENANT (the call names none that the service
  // may speak for, or must name one).
  [[nodiscard]] absl::StatusOr<PrincipalPtr> Find(const Peer& peer, std::string_view tenant) const;

 private:
  [[nodiscard]] absl::StatusOr<const ServicePrincipal*> FindService(const Peer& peer) const;
  [[nodiscard]] absl::StatusOr<PrincipalPtr> FindUncounted(const Peer& peer,
                                                           std::string_view tenant) const;

  std::map<std::string, ServicePrincipal, std::less<>> by_peer_;
  const observe::CounterFamily checks_;
  const observe::Counter accepted_;
};

}  // namespace lotura::rpc
