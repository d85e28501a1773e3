// Which tenants are served, as the operator's records say.
#pragma once

#include <absl/status/status.h>

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "libs/access/policy_reader.h"
#include "lotura/directory/v1/tenant.pb.h"

namespace lotura::access {

// Thread-safe.
class Tenants {
 public:
  // Without an operator tenant every tenant is served, and what records say does not count.
  explicit Tenants(std::optional<TenantId> operator_tenant) : operator_(operator_tenant) {}
  Tenants(const Tenants&) = delete;
  Tenants& operator=(const Tenants&) = delete;

  // Whether the row is about a tenant; then it is taken over.
  bool Take(const PolicyRow& row);

  // OK if it is served. PERMISSION_DENIED TENANT_SUSPENDED or TENANT_DELETED, and TENANT_UNKNOWN if
  // the operator has no record of it. The operator tenant itself is always served.
  [[nodiscard]] absl::Status Check(const TenantId& tenant) const;
  // OK for the operator tenant; PERMISSION_DENIED OPERATOR_ONLY for all others.
  [[nodiscard]] absl::Status CheckOperator(const TenantId& tenant) const;
  // Whether it was deleted for good: what is left of it is to be removed, and nothing of it is to
  // be kept.
  [[nodiscard]] bool IsGone(const TenantId& tenant) const;
  [[nodiscard]] std::vector<TenantId> Gone() const;

  [[nodiscard]] const std::optional<TenantId>& operator_tenant() const { return operator_; }

 private:
  enum class Standing { kServed, kSuspended, kDeleted, kGone };
  static Standing StandingOf(const directory::v1::Tenant& record);

  const std::optional<TenantId> operator_;
  mutable std::mutex mutex_;  // guards standings_
  std::map<TenantId, Standing> standings_;
};

// "tenants/0b0e6a5e-...": the record of a tenant.
std::string RecordOfTenant(const TenantId& tenant);
// Nothing for what is not the name of such a record.
std::optional<TenantId> TenantOfRecord(std::string_view name);

}  // namespace lotura::access
