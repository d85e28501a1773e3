#include "libs/access/authority.h"

#include "libs/base/errors.h"

namespace lotura::access {
namespace {

// What a user may do at the moment at which he is asked for.
class LiveRights final : public resource::RecordRights {
 public:
  LiveRights(const Policies& policies, const Principal& user)
      : policies_(policies), tenant_(user.tenant), user_(user.name), api_key_(user.api_key) {}

  [[nodiscard]] resource::ViewPtr ViewOf(const resource::Declaration& declaration) const override {
    const auto standing = Find();
    if (standing.ok()) return (*standing)->ViewOf(declaration);
    return std::make_shared<const resource::View>(declaration, std::vector<resource::Grant>());
  }
  [[nodiscard]] bool ReadsAll() const override {
    const auto standing = Find();
    return standing.ok() && (*standing)->ReadsAll();
  }

 private:
  // A key that is taken away ends what goes on with it.
  [[nodiscard]] absl::StatusOr<StandingPtr> Find() const {
    if (!api_key_.empty() && !policies_.ServesKey(tenant_, api_key_))
      return Unauthenticated("KEY_UNKNOWN", "the key is no longer accepted");
    return policies_.Find(tenant_, user_);
  }

  const Policies& policies_;
  const TenantId tenant_;
  const std::string user_;
  const std::string api_key_;
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
  LOTURA_ASSIGN_OR_RETURN(const StandingPtr standing, policies->Find(caller.tenant, caller.name));
  caller.permissions = standing->permissions();
  caller.rights = std::make_shared<const LiveRights>(*policies, caller);
  return absl::OkStatus();
}

}  // namespace lotura::access
