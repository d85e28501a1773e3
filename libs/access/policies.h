// The policies of all tenants, as far as a service knows them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "libs/access/policy.h"
#include "libs/access/policy_reader.h"
#include "libs/access/tenants.h"
#include "libs/observe/metrics.h"
#include "libs/resource/rights.h"

namespace lotura::access {

// What a user may do under one version of his tenant's policy. Thread-safe.
class Standing {
 public:
  Standing(std::shared_ptr<const Policy> policy, Subject subject);

  [[nodiscard]] const std::vector<std::string>& permissions() const { return permissions_; }
  [[nodiscard]] std::optional<Instant> until() const { return subject_.until(); }
  // His roles. Refer to the policy.
  [[nodiscard]] const std::vector<Subject::Held>& held() const { return subject_.held(); }
  [[nodiscard]] bool ReadsAll() const { return subject_.ReadsAll(); }
  // Made once for each type.
  [[nodiscard]] resource::ViewPtr ViewOf(const resource::Declaration& declaration) const;

 private:
  // Shared by the standings of its users; the subject refers to it.
  const std::shared_ptr<const Policy> policy_;
  const Subject subject_;
  const std::vector<std::string> permissions_;
  mutable std::mutex mutex_;  // guards views_
  mutable std::map<const resource::Declaration*, resource::ViewPtr> views_;
};

using StandingPtr = std::shared_ptr<const Standing>;
// Shares the policy that the key is of.
using KnownKeyPtr = std::shared_ptr<const KnownKey>;

// Thread-safe, but for Refresh, which one thread calls. Metrics: lotura_access_tenants,
// lotura_access_changes_total, lotura_access_refresh_failures_total.
class Policies {
 public:
  // `operator_tenant` is whose records say which tenants are served; nothing: all are.
  Policies(pg::Database& database, const Clock& clock, const observe::Metrics& metrics,
           std::optional<TenantId> operator_tenant = std::nullopt);
  Policies(const Policies&) = delete;
  Policies& operator=(const Policies&) = delete;

  // Takes over what has changed since the last time. If it fails it has taken what it read until
  // then, and the next one goes on from there.
  absl::Status Refresh(Deadline deadline);

  // What the user may do now. Does not wait for others' standings, which may take long to make.
  // UNAVAILABLE POLICY_UNAVAILABLE before the first Refresh that was OK;
  // PERMISSION_DENIED USER_UNKNOWN for one who is not there, was deleted, or is suspended.
  absl::StatusOr<StandingPtr> Find(const TenantId& tenant, const std::string& user) const;

  // OK if calls of the tenant are served, otherwise as Tenants::Check says. UNAVAILABLE
  // POLICY_UNAVAILABLE before the first Refresh, if that depends on records.
  [[nodiscard]] absl::Status CheckTenant(const TenantId& tenant) const;
  [[nodiscard]] const Tenants& known_tenants() const { return known_; }
  // The key whose token begins so; null if there is none. UNAVAILABLE POLICY_UNAVAILABLE before the
  // first Refresh.
  absl::StatusOr<KnownKeyPtr> FindKey(const TenantId& tenant, const std::string& token_start) const;
  // The key, never null, if it may be used now; otherwise what a new call with it is told.
  absl::StatusOr<KnownKeyPtr> UsableKey(const TenantId& tenant,
                                        const std::string& token_start) const;

 private:
  struct Tenant {
    // Of Refresh alone.
    PolicyRecords records;
    // The rest is guarded by mutex_. Shared by the standings that were made of it.
    std::shared_ptr<const Policy> policy;
    std::map<std::string, StandingPtr, std::less<>> standings;
  };

  // Whether the row says anything new of what somebody may do.
  bool Take(const PolicyRow& row);
  // All that there are; notes the tenants of which they say anything new, also of those before one
  // that fails.
  absl::Status TakePages(Deadline deadline);
  // All records come again: those that do not are not there any more. Which tenants are served is
  // known of each by itself: what a restored database lacks of that stays as it was.
  void BeginAnew();
  // Makes policies of what was noted.
  void MakePolicies();
  // Lets go of what is known of tenants that are gone.
  void ForgetGone();

  const Clock& clock_;
  const observe::Gauge tenants_;
  const observe::Counter changes_;
  const observe::Counter failures_;
  PolicyReader reader_;
  Tenants known_;
  mutable std::mutex mutex_;  // guards policies_ and what of its values is not of Refresh alone
  mutable std::map<TenantId, Tenant> policies_;
  std::atomic<bool> loaded_ = false;
  // Of Refresh alone: the tenants whose records are not those of their policies, and whether all
  // records are being read anew. Until they are, the policies stay as they were.
  std::set<TenantId> changed_;
  bool anew_ = false;
};

}  // namespace lotura::access
