// Which tenants are served, and what callers may do who are known by their names alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/access/policies.h"
#include "libs/rpc/authenticator.h"

namespace lotura::access {

// Asks the policies of the service that is called. Filled before the first call, then thread-safe.
class Authority final : public rpc::Authority {
 public:
  // `policies` outlive it. Calls of what is no service's, such as the stream of events, are asked
  // of the first.
  void Add(const std::string& service, const Policies& policies);

  absl::Status CheckTenant(std::string_view domain, const TenantId& tenant) const override;
  absl::Status CheckOperator(const TenantId& tenant) const override;
  absl::Status Authorize(std::string_view domain, Principal& caller) const override;

  // Where keys are looked for, before it is known which service is called: the policies of the
  // first service. Null before Add.
  [[nodiscard]] const Policies* first() const { return first_; }

 private:
  // UNAVAILABLE POLICY_UNAVAILABLE if there are none.
  [[nodiscard]] absl::StatusOr<const Policies*> Find(std::string_view domain) const;

  // By "lotura.sales", which is no tenant's.
  std::map<std::string, const Policies*, std::less<>> by_domain_;
  const Policies* first_ = nullptr;
};

}  // namespace lotura::access
