#include "libs/access/policy.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "libs/access/vocabulary.h"
#include "libs/base/call.h"
#include "libs/base/errors.h"
#include "libs/base/hex.h"
#include "libs/base/names.h"
#include "libs/resource/references.h"

namespace lotura::access {
namespace {

using directory::v1::RoleAssignment;
using directory::v1::Team;
using directory::v1::User;

// Of an assignment, a client or a key; nothing if there is none.
template <typename T>
std::optional<Instant> ExpiryOf(const T& record) {
  if (!record.has_expire_time()) return std::nullopt;
  return Instant(std::chrono::microseconds(
      google::protobuf::util::TimeUtil::TimestampToMicroseconds(record.expire_time())));
}

std::optional<Instant> Sooner(std::optional<Instant> one, std::optional<Instant> other) {
  if (!one.has_value() || !other.has_value()) return one.has_value() ? one : other;
  return std::min(*one, *other);
}

using NameSet = std::set<std::string, std::less<>>;

constexpr char kClients[] = "clients/";

// What is left of a permission for the records of one type; nothing if it is for others.
std::optional<std::string> Narrowed(const std::string& permission,
                                    const resource::Declaration& type) {
  const std::string prefix = PermissionPrefixOf(type) + ".";
  if (permission.starts_with(prefix)) return permission;
  if (PermissionCovers(permission, prefix)) return prefix + "*";
  return std::nullopt;
}

// What an administrator may write.
constexpr std::string_view kOfAdministrators[] = {"directory.lotura/Role",
                                                  "directory.lotura/RoleAssignment"};

// Whether one of the grants is for all records, with all of their fields.
bool WritesAll(const resource::View& view) {
  return std::ranges::any_of(view.grants(), [](const resource::Grant& grant) {
    return grant.access >= resource::Access::kUpdate && !grant.records.root.has_value() &&
           std::ranges::all_of(grant.fields, [](resource::FieldAccess access) {
             return access == resource::FieldAccess::kWrite;
           });
  });
}

template <typename T>
const T* Find(const std::map<std::string, T>& records, const std::string& name) {
  const auto found = records.find(name);
  return found == records.end() ? nullptr : &found->second;
}

}  // namespace

bool KnownKey::Opens(std::string_view permission) const {
  return scopes.empty() || AnyCovers(scopes, permission);
}

absl::Status CheckKey(const KnownKey* key, Instant now) {
  if (key == nullptr) return Unauthenticated("KEY_UNKNOWN", "there is no such key");
  if (key->suspended) return Unauthenticated("KEY_SUSPENDED", "the key is suspended");
  if (now >= key->expires) return Unauthenticated("KEY_EXPIRED", "the key has expired");
  return absl::OkStatus();
}

std::string FullName(std::string_view name) { return resource::FullNameOf("directory", name); }

std::vector<std::string> Subject::Permissions() const {
  std::set<std::string> all;
  for (const Held& held : held_) {
    const std::set<std::string>& granted = held.role->permissions();
    if (held.record_types.empty()) all.insert(granted.begin(), granted.end());
    for (const std::string& name : held.record_types) {
      const resource::Declaration* type = Vocabulary::Linked().FindType(name);
      if (type == nullptr) continue;
      for (const std::string& permission : granted) {
        if (auto narrowed = Narrowed(permission, *type)) all.insert(*std::move(narrowed));
      }
    }
  }
  return {all.begin(), all.end()};
}

resource::View Subject::ViewOf(const resource::Declaration& declaration) const {
  std::vector<resource::Grant> grants;
  for (const Held& held : held_) {
    const bool counts = held.record_types.empty() || held.record_types.contains(declaration.type());
    if (!counts) continue;
    const std::vector<resource::FieldAccess> fields = held.role->FieldsOf(declaration);
    for (const RecordRule* rule : held.role->RulesOf(declaration.type())) {
      for (resource::Grant& grant :
           GrantsOf(*rule, declaration, identity_, held.role->name(), fields))
        grants.push_back(std::move(grant));
    }
  }
  return {declaration, std::move(grants)};
}

bool Subject::ReadsAll() const {
  return std::ranges::any_of(
      held_, [](const Held& held) { return held.record_types.empty() && held.role->ReadsAll(); });
}

bool Subject::Administers() const {
  const std::vector<std::string> permissions = Permissions();
  return std::ranges::all_of(kOfAdministrators, [&](const std::string_view type) {
    const resource::Declaration& declaration = *Vocabulary::Linked().FindType(type);
    const std::string write = PermissionPrefixOf(declaration) + ".write";
    return WritesAll(ViewOf(declaration)) && AnyCovers(permissions, write);
  });
}

Policy::Policy(PolicyRecords records) : records_(std::move(records)) {
  LinkTeams();
  ResolveRoles();
  for (const auto& [name, assignment] : records_.assignments)
    assigned_[assignment.member()].push_back(&assignment);
  CollectKeys();
}

// A key without its secret, which comes by an event of its own, is none.
void Policy::CollectKeys() {
  for (const auto& [name, secret] : records_.api_key_secrets) {
    const std::string key_name(ParentOf(name));
    const directory::v1::ApiKey* key = Find(records_.api_keys, key_name);
    KnownKey known;
    if (key == nullptr || !FromHex(secret.secret_hash(), known.secret_hash)) continue;
    known.client = ParentOf(key_name);
    known.scopes = {key->scopes().begin(), key->scopes().end()};
    known.expires = ExpiryOf(*key).value_or(Instant());
    known.suspended = key->suspended();
    keys_.emplace(key->token_start(), std::move(known));
  }
}

const KnownKey* Policy::FindKey(const std::string& token_start) const {
  const auto found = keys_.find(token_start);
  return found == keys_.end() ? nullptr : &found->second;
}

void Policy::LinkTeams() {
  for (const auto& [name, team] : records_.teams) {
    if (!team.parent_team().empty()) parts_[team.parent_team()].insert(name);
    if (!team.manager().empty()) led_[team.manager()].insert(name);
  }
  for (const auto& [name, user] : records_.users) {
    if (!user.team().empty()) members_[user.team()].insert(name);
  }
}

void Policy::ResolveRoles() {
  for (const auto& [name, role] : records_.roles) {
    std::vector<const Role*> chain;
    for (const Role* next = &role; next != nullptr && chain.size() < kBaseRolesMax;
         next = Find(records_.roles, next->base_role())) {
      // Two changes at the same moment may have closed a circle.
      if (std::ranges::find(chain, next) != chain.end()) break;
      chain.push_back(next);
    }
    roles_.emplace(name, EffectiveRole(chain, records_.permission_sets));
  }
}

Policy::Names Policy::TeamsOf(const User& user) const {
  Names teams;
  if (records_.teams.contains(user.team())) teams.insert(user.team());
  if (const auto led = led_.find(user.name()); led != led_.end())
    teams.insert(led->second.begin(), led->second.end());
  return teams;
}

Policy::Names Policy::WithThoseAbove(const Names& teams) const {
  Names all;
  for (const std::string& name : teams) {
    const Team* team = Find(records_.teams, name);
    while (team != nullptr && all.insert(team->name()).second)
      team = Find(records_.teams, team->parent_team());
  }
  return all;
}

Policy::Names Policy::WithThoseBelow(const Names& teams) const {
  Names all = teams;
  std::vector<std::string> open(teams.begin(), teams.end());
  while (!open.empty()) {
    const auto parts = parts_.find(open.back());
    open.pop_back();
    if (parts == parts_.end()) continue;
    for (const std::string& part : parts->second) {
      if (all.insert(part).second) open.push_back(part);
    }
  }
  return all;
}

resource::TextSet Policy::MembersOf(const Names& teams) const {
  const std::lock_guard lock(mutex_);
  resource::TextSet& known = members_of_[teams];
  if (known != nullptr) return known;
  auto names = std::make_shared<std::set<std::string, std::less<>>>();
  for (const std::string& team : teams) {
    const auto members = members_.find(team);
    if (members == members_.end()) continue;
    for (const std::string& member : members->second) names->insert(FullName(member));
  }
  known = std::move(names);
  return known;
}

Policy::Holding Policy::HeldBy(const Names& members, Instant now) const {
  Holding holding;
  for (const std::string& member : members) {
    const auto assigned = assigned_.find(member);
    if (assigned == assigned_.end()) continue;
    for (const RoleAssignment* assignment : assigned->second) {
      const auto role = roles_.find(assignment->role());
      if (role == roles_.end()) continue;
      const std::optional<Instant> expiry = ExpiryOf(*assignment);
      if (expiry.has_value() && *expiry <= now) continue;
      holding.until = Sooner(holding.until, expiry);
      const auto& types = assignment->record_types();
      holding.held.push_back({&role->second, {types.begin(), types.end()}, assignment});
    }
  }
  return holding;
}

std::optional<Subject> Policy::FindSubject(const std::string& name, Instant now) const {
  return name.starts_with(kClients) ? FindClient(name, now) : FindUser(name, now);
}

// It is alone: in no team, and with nothing of its own.
std::optional<Subject> Policy::FindClient(const std::string& name, Instant now) const {
  const directory::v1::Client* client = Find(records_.clients, name);
  if (client == nullptr || client->suspended()) return std::nullopt;
  const std::optional<Instant> expiry = ExpiryOf(*client);
  if (expiry.has_value() && *expiry <= now) return std::nullopt;
  Holding holding = HeldBy({name}, now);
  const auto nobody = std::make_shared<NameSet>();
  return Subject({.user = FullName(name),
                  .team = nobody,
                  .team_and_below = nobody,
                  .shared_with = std::make_shared<NameSet>(NameSet{FullName(name)})},
                 std::move(holding.held), Sooner(holding.until, expiry));
}

std::optional<Subject> Policy::FindUser(const std::string& user_name, Instant now) const {
  const User* user = Find(records_.users, user_name);
  if (user == nullptr || user->has_delete_time() || user->suspended()) return std::nullopt;
  const Names teams = TeamsOf(*user);
  Names members = WithThoseAbove(teams);
  members.insert(user_name);
  Holding holding = HeldBy(members, now);
  auto shared_with = std::make_shared<NameSet>();
  for (const std::string& name : members) shared_with->insert(FullName(name));
  return Subject({.user = FullName(user_name),
                  .team = MembersOf(teams),
                  .team_and_below = MembersOf(WithThoseBelow(teams)),
                  .shared_with = std::move(shared_with)},
                 std::move(holding.held), holding.until);
}

}  // namespace lotura::access
