#include "libs/access/authority.h"

#include <algorithm>

#include "libs/base/errors.h"

namespace lotura::access {
namespace {

// What a caller may do now.
struct Present {
  StandingPtr standing;
  // That he showed; null if he came without one.
  KnownKeyPtr key;

  [[nodiscard]] bool Permits(std::string_view permission) const {
    return permission.empty() || (AnyCovers(standing->permissions(), permission) &&
                                  (key == nullptr || key->Opens(permission)));
  }
};

// A key that is taken away ends what goes on with it.
absl::StatusOr<Present> PresentOf(const Policies& policies, const Principal& caller) {
  Present present;
  if (!caller.api_key.empty()) {
    LOTURA_ASSIGN_OR_RETURN(present.key, policies.UsableKey(caller.tenant, caller.api_key));
  }
  LOTURA_ASSIGN_OR_RETURN(present.standing, policies.Find(caller.tenant, caller.name));
  return present;
}

// What a user may do at the moment at which he is asked for.
class LiveRights final : public resource::RecordRights {
 public:
  LiveRights(const Policies& policies, const Principal& user)
      : policies_(policies),
        user_{.tenant = user.tenant, .name = user.name, .api_key = user.api_key} {}

  [[nodiscard]] resource::ViewPtr ViewOf(const resource::Declaration& declaration) const override {
    const auto present = PresentOf(policies_, user_);
    if (present.ok()) return present->standing->ViewOf(declaration);
    return std::make_shared<const resource::View>(declaration, std::vector<resource::Grant>());
  }
  [[nodiscard]] absl::Status CheckPermission(std::string_view permission) const override {
    LOTURA_ASSIGN_OR_RETURN(const Present present, PresentOf(policies_, user_));
    return present.Permits(permission) ? absl::OkStatus() : PermissionDenied(permission);
  }
  [[nodiscard]] bool ReadsAll() const override {
    const auto present = PresentOf(policies_, user_);
    return present.ok() && present->standing->ReadsAll();
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
  LOTURA_ASSIGN_OR_RETURN(const Present present, PresentOf(*policies, caller));
  caller.permissions = present.standing->permissions();
  caller.rights = std::make_shared<const LiveRights>(*policies, caller);
  return absl::OkStatus();
}

}  // namespace lotura::access
