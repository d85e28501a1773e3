#include "libs/access/policies.h"

#include <set>

#include "libs/access/vocabulary.h"
#include "libs/base/errors.h"

namespace lotura::access {
namespace {

// Each returns whether anything has changed.

template <typename T>
bool Put(const std::string& name, T record, std::map<std::string, T>& records) {
  record.set_name(name);
  T& held = records[name];
  if (held.name() == name && held.SerializeAsString() == record.SerializeAsString()) return false;
  held = std::move(record);
  return true;
}

template <typename T>
bool TakeRecord(const PolicyRow& row, std::map<std::string, T>& records) {
  T record;
  if (row.deleted || !record.ParseFromString(row.record)) return records.erase(row.name) > 0;
  return Put(row.name, std::move(record), records);
}

// What a user who is gone owns is still his team's. Of a user that counts alone on which access
// depends, so that nobody's rights are found anew because of a new title.
bool TakeUser(const PolicyRow& row, std::map<std::string, directory::v1::User>& users) {
  directory::v1::User told;
  if (!told.ParseFromString(row.record)) return users.erase(row.name) > 0;
  directory::v1::User user;
  user.set_team(told.team());
  user.set_suspended(told.suspended());
  if (row.deleted || told.has_delete_time()) user.mutable_delete_time()->set_seconds(1);
  return Put(row.name, std::move(user), users);
}

// What is said of it for people changes nothing.
bool TakeKey(const PolicyRow& row, std::map<std::string, directory::v1::ApiKey>& keys) {
  directory::v1::ApiKey told;
  if (row.deleted || !told.ParseFromString(row.record)) return keys.erase(row.name) > 0;
  directory::v1::ApiKey key;
  key.set_token_start(told.token_start());
  *key.mutable_scopes() = told.scopes();
  *key.mutable_expire_time() = told.expire_time();
  key.set_suspended(told.suspended());
  return Put(row.name, std::move(key), keys);
}

bool TakeInto(const PolicyRow& row, PolicyRecords& records) {
  using directory::v1::Client;
  using directory::v1::PermissionSet;
  using directory::v1::RoleAssignment;
  using directory::v1::Team;
  using directory::v1::User;
  const std::string& type = row.resource_type;
  if (type == User::descriptor()->full_name()) return TakeUser(row, records.users);
  if (type == directory::v1::ApiKey::descriptor()->full_name())
    return TakeKey(row, records.api_keys);
  if (type == directory::v1::ApiKeySecret::descriptor()->full_name())
    return TakeRecord(row, records.api_key_secrets);
  if (type == Client::descriptor()->full_name()) return TakeRecord(row, records.clients);
  if (type == Team::descriptor()->full_name()) return TakeRecord(row, records.teams);
  if (type == Role::descriptor()->full_name()) return TakeRecord(row, records.roles);
  if (type == PermissionSet::descriptor()->full_name())
    return TakeRecord(row, records.permission_sets);
  return type == RoleAssignment::descriptor()->full_name() && TakeRecord(row, records.assignments);
}

}  // namespace

Standing::Standing(std::shared_ptr<const Policy> policy, Subject subject)
    : policy_(std::move(policy)),
      subject_(std::move(subject)),
      permissions_(subject_.Permissions()) {}

resource::ViewPtr Standing::ViewOf(const resource::Declaration& declaration) const {
  const std::lock_guard lock(mutex_);
  resource::ViewPtr& view = views_[&declaration];
  if (view == nullptr) view = std::make_shared<const resource::View>(subject_.ViewOf(declaration));
  return view;
}

Policies::Policies(pg::Database& database, const Clock& clock, const observe::Metrics& metrics,
                   std::optional<TenantId> operator_tenant)
    : clock_(clock),
      tenants_(metrics.AddGauge(
          {.name = "lotura_access_tenants", .help = "Tenants whose policies are known."})),
      changes_(metrics.AddCounter({.name = "lotura_access_changes_total",
                                   .help = "Records of policies that were taken over."})),
      failures_(
          metrics.AddCounter({.name = "lotura_access_refresh_failures_total",
                              .help = "Looks at the policies that found the database away."})),
      reader_(database),
      known_(operator_tenant) {
  // Takes a while, once for the process.
  (void)Vocabulary::Linked();
}

bool Policies::Take(const PolicyRow& row) {
  if (known_.Take(row)) {
    changes_.Add();
    return false;
  }
  // Of one that is read anew that is known at the end: a restored database may have the tenant
  // back.
  if (!anew_ && known_.IsGone(row.tenant)) return false;
  Tenant* tenant = nullptr;
  {
    const std::lock_guard lock(mutex_);
    tenant = &policies_[row.tenant];
  }
  return TakeInto(row, tenant->records);
}

absl::Status Policies::TakePages(Deadline deadline) {
  for (;;) {
    LOTURA_ASSIGN_OR_RETURN(const PolicyPage page, reader_.ReadPage(deadline));
    if (page.begins_anew) BeginAnew();
    for (const PolicyRow& row : page.rows) {
      if (!Take(row)) continue;
      changed_.insert(row.tenant);
      changes_.Add();
    }
    if (!page.is_last) continue;
    anew_ = false;
    return absl::OkStatus();
  }
}

void Policies::BeginAnew() {
  anew_ = true;
  for (auto& [name, tenant] : policies_) {
    tenant.records = {};
    changed_.insert(name);
  }
}

void Policies::MakePolicies() {
  for (const TenantId& name : changed_) {
    const auto found = policies_.find(name);
    if (found == policies_.end()) continue;
    Tenant& tenant = found->second;
    auto policy = std::make_shared<const Policy>(tenant.records);
    const std::lock_guard lock(mutex_);
    tenant.policy = std::move(policy);
    tenant.standings.clear();
  }
  changed_.clear();
}

absl::Status Policies::Refresh(Deadline deadline) {
  const absl::Status taken = TakePages(deadline);
  // Those of the pages that were read, whether or not there are more: they do not come again.
  if (!anew_) {
    MakePolicies();
    ForgetGone();
  }
  if (!taken.ok()) {
    failures_.Add();
    return taken;
  }
  loaded_ = true;
  const std::lock_guard lock(mutex_);
  tenants_.Set(static_cast<double>(policies_.size()));
  return absl::OkStatus();
}

void Policies::ForgetGone() {
  for (const TenantId& tenant : known_.Gone()) {
    const std::lock_guard lock(mutex_);
    policies_.erase(tenant);
  }
}

absl::Status Policies::CheckTenant(const TenantId& tenant) const {
  if (loaded_ || !known_.operator_tenant().has_value()) return known_.Check(tenant);
  return Unavailable("POLICY_UNAVAILABLE", "which tenants are served is not known yet");
}

absl::StatusOr<KnownKeyPtr> Policies::FindKey(const TenantId& tenant,
                                              const std::string& token_start) const {
  std::shared_ptr<const Policy> policy;
  {
    const std::lock_guard lock(mutex_);
    if (!loaded_) return Unavailable("POLICY_UNAVAILABLE", "what callers may do is not known yet");
    const auto found = policies_.find(tenant);
    if (found != policies_.end()) policy = found->second.policy;
  }
  if (policy == nullptr) return nullptr;
  const KnownKey* key = policy->FindKey(token_start);
  return KnownKeyPtr(std::move(policy), key);
}

absl::StatusOr<KnownKeyPtr> Policies::UsableKey(const TenantId& tenant,
                                                const std::string& token_start) const {
  LOTURA_ASSIGN_OR_RETURN(KnownKeyPtr key, FindKey(tenant, token_start));
  LOTURA_RETURN_IF_ERROR(CheckKey(key.get(), clock_.Now()));
  return key;
}

absl::StatusOr<StandingPtr> Policies::Find(const TenantId& tenant, const std::string& user) const {
  const Instant now = clock_.Now();
  std::shared_ptr<const Policy> policy;
  {
    const std::lock_guard lock(mutex_);
    if (!loaded_) return Unavailable("POLICY_UNAVAILABLE", "what callers may do is not known yet");
    const auto found = policies_.find(tenant);
    if (found != policies_.end()) {
      policy = found->second.policy;
      const auto known = found->second.standings.find(user);
      if (known != found->second.standings.end() &&
          known->second->until().value_or(Instant::max()) > now)
        return known->second;
    }
  }
  auto subject = policy == nullptr ? std::nullopt : policy->FindSubject(user, now);
  if (!subject.has_value()) {
    return Error(absl::StatusCode::kPermissionDenied, "USER_UNKNOWN",
                 "the caller is no user and no client of the tenant, or may not work at present",
                 {{"user", user}});
  }
  auto standing = std::make_shared<const Standing>(policy, *std::move(subject));
  const std::lock_guard lock(mutex_);
  const auto place = policies_.find(tenant);
  if (place != policies_.end() && place->second.policy == policy)
    place->second.standings[user] = standing;
  return standing;
}

}  // namespace lotura::access
