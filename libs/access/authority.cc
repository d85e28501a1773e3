#include "libs/access/authority.h"

#include <algorithm>

#include "libs/base/errors.h"

namespace lotura::access {
namespace {

// What a caller may do now. A key that is taken away ends what goes on with it.
absl::StatusOr<StandingPtr> StandingOf(const Policies& policies, const Principal& caller) {
  if (!caller.api_key.empty())
    LOTURA_RETURN_IF_ERROR(policies.CheckKey(caller.tenant, caller.api_key));
  return policies.Find(caller.tenant, caller.name);
}

// What a user may do at the moment at which he is asked for.
class LiveRights final : public resource::RecordRights {
 public:
  LiveRights(const Policies& policies, const Principal& user)
      : policies_(policies),
        user_{.tenant = user.tenant, .name = user.name, .api_key = user.api_key} {}

  [[nodiscard]] resource::ViewPtr ViewOf(const resource::Declaration& declaration) const override {
    const auto standing = StandingOf(policies_, user_);
    if (standing.ok()) return (*standing)->ViewOf(declaration);
    return std::make_shared<const resource::View>(declaration, std::vector<resource::Grant>());
  }
  [[nodiscard]] absl::Status CheckPermission(std::string_view permission) const override {
    LOTURA_ASSIGN_OR_RETURN(const StandingPtr standing, StandingOf(policies_, user_));
    const bool permits = permission.empty() || AnyCovers(standing->permissions(), permission);
    return permits ? absl::OkStatus() : PermissionDenied(permission);
  }
  [[nodiscard]] bool ReadsAll() const override {
    const auto standing = StandingOf(policies_, user_);
    return standing.ok() && (*standing)->ReadsAll();
  }

 private:
  const Policies& policies_;
  const Principal user_;  // who he is, and not what he may do
};

}  // namespace

void Authority::Add(const std::string& service, const Policies& policies) {
  by_domain_["lotura." + service] = &policies;
  if (first_ == nullptr) first_ = &policies;
}

absl::StatusOr<const Policies*> Authority::Find(std::string_view domain) const {
  const auto found = by_domain_.find(domain);
  const Policies* policies = found == by_domain_.end() ? first_ : found->second;
  if (policies == nullptr)
    return Unavailable("POLICY_UNAVAILABLE", "what callers may do is not known here");
  return policies;
}

absl::Status Authority::CheckTenant(std::string_view domain, const TenantId& tenant) const {
  LOTURA_ASSIGN_OR_RETURN(const Policies* const policies, Find(domain));
  return policies->CheckTenant(tenant);
}

absl::Status Authority::CheckOperator(const TenantId& tenant) const {
  LOTURA_ASSIGN_OR_RETURN(const Policies* const policies, Find({}));
  return policies->known_tenants().CheckOperator(tenant);
}

absl::Status Authority::Authorize(std::string_view domain, Principal& caller) const {
  LOTURA_ASSIGN_OR_RETURN(const Policies* const policies, Find(domain));
  LOTURA_ASSIGN_OR_RETURN(const StandingPtr standing, StandingOf(*policies, caller));
  caller.permissions = standing->permissions();
  caller.rights = std::make_shared<const LiveRights>(*policies, caller);
  return absl::OkStatus();
}

}  // namespace lotura::access
