#include "libs/access/tenants.h"

#include "libs/base/errors.h"

namespace lotura::access {
namespace {

using directory::v1::Tenant;

constexpr std::string_view kCollection = "tenants/";

absl::Status Refused(std::string_view reason, std::string_view why, const TenantId& tenant) {
  return Error(absl::StatusCode::kPermissionDenied, reason, why,
               {{"tenant", tenant.value.ToString()}});
}

}  // namespace

std::string RecordOfTenant(const TenantId& tenant) {
  return std::string(kCollection) + tenant.value.ToString();
}

std::optional<TenantId> TenantOfRecord(std::string_view name) {
  if (!name.starts_with(kCollection)) return std::nullopt;
  const auto id = Uuid::Parse(name.substr(kCollection.size()));
  if (!id.has_value()) return std::nullopt;
  return TenantId{*id};
}

Tenants::Standing Tenants::StandingOf(const Tenant& record) {
  if (record.state() == Tenant::STATE_PURGING) return Standing::kGone;
  if (record.has_delete_time()) return Standing::kDeleted;
  return record.suspended() ? Standing::kSuspended : Standing::kServed;
}

bool Tenants::Take(const PolicyRow& row) {
  if (row.resource_type != Tenant::descriptor()->full_name()) return false;
  const auto tenant = TenantOfRecord(row.name);
  Tenant record;
  const bool counts = operator_ == row.tenant && tenant.has_value() && *tenant != row.tenant;
  if (!counts || !record.ParseFromString(row.record)) return true;
  const std::lock_guard lock(mutex_);
  standings_[*tenant] = StandingOf(record);
  return true;
}

absl::Status Tenants::Check(const TenantId& tenant) const {
  if (!operator_.has_value() || *operator_ == tenant) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  const auto found = standings_.find(tenant);
  if (found == standings_.end())
    return Refused("TENANT_UNKNOWN", "the operator has no record of the tenant", tenant);
  switch (found->second) {
    case Standing::kServed:
      return absl::OkStatus();
    case Standing::kSuspended:
      return Refused("TENANT_SUSPENDED", "the operator has suspended the tenant", tenant);
    case Standing::kDeleted:
    case Standing::kGone:
      return Refused("TENANT_DELETED", "the operator has deleted the tenant", tenant);
  }
  return absl::OkStatus();
}

absl::Status Tenants::CheckOperator(const TenantId& tenant) const {
  if (operator_ == tenant) return absl::OkStatus();
  return Refused("OPERATOR_ONLY", "only callers of the operator tenant may do this", tenant);
}

bool Tenants::IsGone(const TenantId& tenant) const {
  if (!operator_.has_value()) return false;
  const std::lock_guard lock(mutex_);
  const auto found = standings_.find(tenant);
  return found != standings_.end() && found->second == Standing::kGone;
}

std::vector<TenantId> Tenants::Gone() const {
  std::vector<TenantId> gone;
  const std::lock_guard lock(mutex_);
  for (const auto& [tenant, standing] : standings_) {
    if (standing == Standing::kGone) gone.push_back(tenant);
  }
  return gone;
}

}  // namespace lotura::access
