#include "services/directory/administrators.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <set>

#include "libs/access/policy.h"
#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"

namespace lotura::directory {
namespace {

constexpr char kUsers[] = "users/";
constexpr char kClients[] = "clients/";
constexpr char kTeams[] = "teams/";

// Of an assignment or a client.
template <typename T>
bool HasEnded(const T& record, Instant now) {
  if (!record.has_expire_time()) return false;
  return Instant(std::chrono::microseconds(
             google::protobuf::util::TimeUtil::TimestampToMicroseconds(record.expire_time()))) <=
         now;
}

bool LetsAdminister(const access::EffectiveRole& role,
                    const google::protobuf::RepeatedPtrField<std::string>& types) {
  return access::Subject({}, {{&role, {types.begin(), types.end()}}}, std::nullopt).Administers();
}

// The role, the one that it builds upon, and so on.
std::vector<const access::Role*> ChainOf(const access::Role& role,
                                         const std::map<std::string, access::Role>& roles) {
  std::vector<const access::Role*> chain = {&role};
  while (chain.size() < access::kBaseRolesMax) {
    const auto next = roles.find(chain.back()->base_role());
    if (next == roles.end() || std::ranges::find(chain, &next->second) != chain.end()) break;
    chain.push_back(&next->second);
  }
  return chain;
}

// What the last of them builds upon, if that is no role that is there.
std::string MissingBaseOf(const std::vector<const access::Role*>& chain,
                          const std::map<std::string, access::Role>& roles) {
  const std::string& base = chain.back()->base_role();
  return roles.contains(base) ? "" : base;
}

template <typename T>
bool IsAbout(const resource::RecordChange& change) {
  return change.declaration->message() == T::descriptor();
}

}  // namespace

absl::Status Administrators::LoadRoles() {
  std::map<std::string, v1::PermissionSet> sets;
  Basis records;
  const auto add_set = [&](const v1::PermissionSet& set,
                           const resource::Record& record) -> absl::StatusOr<Visit> {
    sets.emplace(set.name(), set);
    records.emplace(set.name(), record);
    return Visit::kOn;
  };
  LOTURA_RETURN_IF_ERROR(state_.ForEach<v1::PermissionSet>(std::nullopt, add_set));
  std::map<std::string, access::Role> roles;
  const auto add_role = [&](const access::Role& role,
                            const resource::Record& record) -> absl::StatusOr<Visit> {
    roles.emplace(role.name(), role);
    records.emplace(role.name(), record);
    return Visit::kOn;
  };
  LOTURA_RETURN_IF_ERROR(state_.ForEach<access::Role>(std::nullopt, add_role));
  for (const auto& [name, role] : roles) {
    const std::vector<const access::Role*> chain = ChainOf(role, roles);
    access::EffectiveRole effective(chain, sets);
    if (!LetsAdminister(effective, {})) continue;
    Basis parts;
    for (const access::Role* part : chain) {
      parts.insert(*records.find(part->name()));
      for (const std::string& set : part->permission_sets()) {
        if (sets.contains(set)) parts.insert(*records.find(set));
      }
    }
    roles_.emplace(name, Role{std::move(effective), std::move(parts), MissingBaseOf(chain, roles)});
  }
  return absl::OkStatus();
}

absl::Status Administrators::LoadGrants() {
  for (const auto& [name, role] : roles_) {
    const auto add = [&](const v1::RoleAssignment& assignment,
                         const resource::Record& record) -> absl::StatusOr<Visit> {
      if (HasEnded(assignment, changes_.call().now) ||
          !LetsAdminister(role.effective, assignment.record_types()))
        return Visit::kOn;
      Grant grant{assignment.member(),
                  assignment.has_expire_time() ? Term::kForAWhile : Term::kForGood, role.parts,
                  role.missing_base};
      grant.basis.emplace(assignment.name(), record);
      grants_.push_back(std::move(grant));
      return Visit::kOn;
    };
    LOTURA_RETURN_IF_ERROR(state_.ForEach<v1::RoleAssignment>(Having{"role", name}, add));
  }
  return absl::OkStatus();
}

absl::Status Administrators::Load() {
  if (std::exchange(loaded_, true)) return absl::OkStatus();
  LOTURA_RETURN_IF_ERROR(LoadRoles());
  return LoadGrants();
}

bool Administrators::IsGranted(const std::string& member) const {
  return std::ranges::find(grants_, member, &Grant::member) != grants_.end();
}

absl::StatusOr<bool> Administrators::IsGrantedAbove(std::string team) {
  // As deep as teams stand: a policy knows no bound either. Two changes at the same moment may have
  // closed a circle.
  std::set<std::string> seen;
  while (!team.empty() && seen.insert(team).second) {
    if (IsGranted(team)) return true;
    LOTURA_ASSIGN_OR_RETURN(const auto found, state_.Find<v1::Team>(team));
    team = found.has_value() ? PolicyState::As<v1::Team>(*found).parent_team() : "";
  }
  return false;
}

absl::StatusOr<bool> Administrators::MayRestOnUser(const v1::User& user) {
  if (IsGranted(user.name())) return true;
  const bool teams_count = std::ranges::any_of(
      grants_, [](const Grant& grant) { return grant.member.starts_with(kTeams); });
  if (!teams_count) return false;
  LOTURA_ASSIGN_OR_RETURN(bool granted, IsGrantedAbove(user.team()));
  if (granted) return true;
  const auto look = [&](const v1::Team& team, const resource::Record&) -> absl::StatusOr<Visit> {
    LOTURA_ASSIGN_OR_RETURN(granted, IsGrantedAbove(team.name()));
    return granted ? Visit::kEnough : Visit::kOn;
  };
  LOTURA_RETURN_IF_ERROR(state_.ForEach<v1::Team>(Having{"manager", user.name()}, look));
  return granted;
}

absl::StatusOr<bool> Administrators::MayRestOn(const resource::RecordChange& change) {
  LOTURA_RETURN_IF_ERROR(Load());
  if (IsAbout<v1::User>(change)) return MayRestOnUser(static_cast<const v1::User&>(*change.before));
  if (IsAbout<v1::Client>(change)) return IsGranted(change.name);
  if (IsAbout<v1::Team>(change)) return IsGrantedAbove(change.name);
  return std::ranges::any_of(grants_, [&](const Grant& grant) {
    return grant.basis.contains(change.name) || grant.missing_base == change.name;
  });
}

Administrators::Visit Administrators::Note(Term term, const Grant& grant, const Basis& path,
                                           const Basis::value_type& member) {
  if (!best_.has_value() || term == Term::kForGood) {
    best_ = {.term = term, .rests_on = grant.basis};
    best_->rests_on.insert(path.begin(), path.end());
    best_->rests_on.insert(member);
  }
  return term == Term::kForGood ? Visit::kEnough : Visit::kOn;
}

absl::StatusOr<Administrators::Visit> Administrators::TryUser(const std::string& name,
                                                              const Grant& grant,
                                                              const Basis& path) {
  if (name.empty()) return Visit::kOn;
  LOTURA_ASSIGN_OR_RETURN(const auto user, state_.Find<v1::User>(name));
  if (!user.has_value() || PolicyState::As<v1::User>(*user).suspended()) return Visit::kOn;
  return Note(grant.term, grant, path, {name, *user});
}

absl::StatusOr<Administrators::Visit> Administrators::TryClient(const Grant& grant) {
  LOTURA_ASSIGN_OR_RETURN(const auto found, state_.Find<v1::Client>(grant.member));
  if (!found.has_value()) return Visit::kOn;
  const auto& client = PolicyState::As<v1::Client>(*found);
  if (client.suspended() || HasEnded(client, changes_.call().now)) return Visit::kOn;
  return Note(client.has_expire_time() ? Term::kForAWhile : grant.term, grant, {},
              {grant.member, *found});
}

absl::StatusOr<Administrators::Visit> Administrators::TryMembers(const std::string& team,
                                                                 const Grant& grant,
                                                                 const Basis& path) {
  Visit next = Visit::kOn;
  const auto look = [&](const v1::User& user,
                        const resource::Record& record) -> absl::StatusOr<Visit> {
    if (!user.suspended()) next = Note(grant.term, grant, path, {user.name(), record});
    return next;
  };
  LOTURA_RETURN_IF_ERROR(state_.ForEach<v1::User>(Having{"team", team}, look));
  return next;
}

// The members of the team, and of those below it, and whoever leads them.
absl::StatusOr<Administrators::Visit> Administrators::TryTeams(const Grant& grant) {
  std::vector<std::pair<std::string, Basis>> open = {{grant.member, {}}};
  std::set<std::string> seen = {grant.member};
  while (!open.empty()) {
    auto [name, path] = std::move(open.back());
    open.pop_back();
    LOTURA_ASSIGN_OR_RETURN(const auto team, state_.Find<v1::Team>(name));
    if (!team.has_value()) continue;
    path.emplace(name, *team);
    const std::string& leader = PolicyState::As<v1::Team>(*team).manager();
    LOTURA_ASSIGN_OR_RETURN(Visit next, TryUser(leader, grant, path));
    if (next == Visit::kEnough) return next;
    LOTURA_ASSIGN_OR_RETURN(next, TryMembers(name, grant, path));
    if (next == Visit::kEnough) return next;
    const auto add = [&, &above = path](const v1::Team& part,
                                        const resource::Record&) -> absl::StatusOr<Visit> {
      if (seen.insert(part.name()).second) open.emplace_back(part.name(), above);
      return Visit::kOn;
    };
    LOTURA_RETURN_IF_ERROR(state_.ForEach<v1::Team>(Having{"parent_team", name}, add));
  }
  return Visit::kOn;
}

absl::StatusOr<std::optional<Administrator>> Administrators::Find() {
  LOTURA_RETURN_IF_ERROR(Load());
  best_.reset();
  // Who was given it himself is found without looking into teams.
  std::ranges::stable_partition(
      grants_, [](const Grant& grant) { return !grant.member.starts_with(kTeams); });
  for (const Grant& grant : grants_) {
    absl::StatusOr<Visit> next = Visit::kOn;
    if (grant.member.starts_with(kUsers)) next = TryUser(grant.member, grant, {});
    if (grant.member.starts_with(kClients)) next = TryClient(grant);
    if (grant.member.starts_with(kTeams)) next = TryTeams(grant);
    LOTURA_RETURN_IF_ERROR(next.status());
    if (*next == Visit::kEnough) break;
  }
  return best_;
}

}  // namespace lotura::directory
