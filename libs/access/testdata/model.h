// What a user may do, found by asking of one record after the other: from the record to the user,
// where a policy goes from the user to the records.
#pragma once

#include <google/protobuf/reflection.h>

#include <algorithm>
#include <string>

#include "libs/access/policy.h"
#include "libs/resource/filter_predicate.h"

namespace lotura::access {

class Model {
 public:
  Model(const PolicyRecords& records, const resource::Declaration& declaration, Instant now)
      : records_(records), declaration_(declaration), now_(now) {}

  // The most that the user may do with the record, and with a column of it.
  [[nodiscard]] resource::Access Most(const std::string& user,
                                      const google::protobuf::Message& record) const {
    resource::Access most = resource::Access::kNone;
    ForEachGrant(user, record,
                 [&](const Role&, resource::Access access) { most = std::max(most, access); });
    return most;
  }

  [[nodiscard]] resource::FieldAccess MostOf(const std::string& user, const std::string& column,
                                             const google::protobuf::Message& record) const {
    resource::FieldAccess most = resource::FieldAccess::kHidden;
    ForEachGrant(user, record, [&](const Role& role, resource::Access access) {
      const bool writes = access >= resource::Access::kUpdate;
      most = std::max(most, std::min(FieldOf(role, column), writes ? resource::FieldAccess::kWrite
                                                                   : resource::FieldAccess::kRead));
    });
    return most;
  }

 private:
  template <typename Seen>
  void ForEachGrant(const std::string& user, const google::protobuf::Message& record,
                    const Seen& seen) const {
    const auto found = records_.users.find(user);
    if (found == records_.users.end() || found->second.suspended() ||
        found->second.has_delete_time())
      return;
    for (const auto& [name, assignment] : records_.assignments) {
      if (!Counts(assignment) || !Is(user, assignment.member())) continue;
      const auto held = records_.roles.find(assignment.role());
      if (held == records_.roles.end()) continue;
      const Role* role = &held->second;
      for (int depth = 0; role != nullptr && depth < kBaseRolesMax; ++depth) {
        for (const RecordRule& rule : role->record_rules()) {
          if (!ReadsFilter(held->second, rule)) continue;
          const resource::Access access = AccessBy(rule, user, record);
          if (access != resource::Access::kNone) seen(held->second, access);
        }
        const auto base = records_.roles.find(role->base_role());
        role = base == records_.roles.end() ? nullptr : &base->second;
      }
    }
  }

  [[nodiscard]] bool Counts(const directory::v1::RoleAssignment& assignment) const {
    const auto& types = assignment.record_types();
    const bool of_type =
        types.empty() || std::ranges::find(types, declaration_.type()) != types.end();
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count();
    return of_type && (!assignment.has_expire_time() || assignment.expire_time().seconds() > now);
  }

  [[nodiscard]] bool Leads(const std::string& user, const std::string& team) const {
    const auto found = records_.teams.find(team);
    return found != records_.teams.end() && found->second.manager() == user;
  }

  [[nodiscard]] std::string TeamOf(const std::string& user) const {
    const auto found = records_.users.find(user);
    return found == records_.users.end() ? "" : found->second.team();
  }

  // Whether `team` is `above` or a part of it. Only teams that are there count.
  [[nodiscard]] bool IsPart(std::string team, const std::string& above) const {
    for (std::size_t depth = 0; depth <= records_.teams.size(); ++depth) {
      const auto found = records_.teams.find(team);
      if (found == records_.teams.end()) return false;
      if (team == above) return true;
      team = found->second.parent_team();
    }
    return false;
  }

  // Whether what names `member`, a user or a team, names the user.
  [[nodiscard]] bool Is(const std::string& user, const std::string& member) const {
    if (user == member || IsPart(TeamOf(user), member)) return true;
    return std::ranges::any_of(records_.teams, [&](const auto& team) {
      return Leads(user, team.first) && IsPart(team.first, member);
    });
  }

  // Whether the user belongs to the team, or leads it.
  [[nodiscard]] bool Has(const std::string& user, const std::string& team) const {
    return records_.teams.contains(team) && (TeamOf(user) == team || Leads(user, team));
  }

  [[nodiscard]] bool IsInTeam(const std::string& owner, const std::string& user) const {
    return records_.users.contains(owner) && Has(user, TeamOf(owner));
  }

  [[nodiscard]] bool IsInTeamOrBelow(const std::string& owner, const std::string& user) const {
    return records_.users.contains(owner) &&
           std::ranges::any_of(records_.teams, [&](const auto& team) {
             return Has(user, team.first) && IsPart(TeamOf(owner), team.first);
           });
  }

  static std::string Bare(const std::string& full_name) {
    const std::string host = FullName("");
    return full_name.starts_with(host) ? full_name.substr(host.size()) : "";
  }

  [[nodiscard]] bool IsShared(const resource::Column* with, const std::string& user,
                              const google::protobuf::Message& record) const {
    if (with == nullptr) return false;
    const auto names =
        record.GetReflection()->GetRepeatedFieldRef<std::string>(record, with->field);
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return Is(user, Bare(name)); });
  }

  [[nodiscard]] resource::Access AccessBy(const RecordRule& rule, const std::string& user,
                                          const google::protobuf::Message& record) const {
    if (rule.record_type() != "*" && rule.record_type() != declaration_.type())
      return resource::Access::kNone;
    const auto filter = FilterOf(rule, declaration_);
    if (!filter.ok() || !resource::FilterMatches(*filter, record)) return resource::Access::kNone;
    // The enums have the same order.
    const auto access = static_cast<resource::Access>(rule.access());
    const resource::Column* column = declaration_.owner();
    const std::string owner =
        column == nullptr ? "" : Bare(record.GetReflection()->GetString(record, column->field));
    const auto given = [access](const auto in_scope) {
      return in_scope ? access : resource::Access::kNone;
    };
    switch (rule.scope()) {
      case RecordRule::SCOPE_ALL:
        return access;
      case RecordRule::SCOPE_OWN:
        return given(column != nullptr && owner == user);
      case RecordRule::SCOPE_TEAM:
        return given(IsInTeam(owner, user));
      case RecordRule::SCOPE_TEAM_AND_BELOW:
        return given(IsInTeamOrBelow(owner, user));
      case RecordRule::SCOPE_UNOWNED:
        return given(column != nullptr && owner.empty());
      case RecordRule::SCOPE_SHARED:
        if (IsShared(declaration_.editors(), user, record))
          return std::min(access, resource::Access::kUpdate);
        return IsShared(declaration_.readers(), user, record) ? resource::Access::kRead
                                                              : resource::Access::kNone;
      default:
        return resource::Access::kNone;
    }
  }

  // Whether the role may read what the rule's filter speaks of.
  [[nodiscard]] bool ReadsFilter(const Role& role, const RecordRule& rule) const {
    const auto filter = FilterOf(rule, declaration_);
    if (!filter.ok()) return false;
    const auto columns = resource::ColumnsOf(*filter);
    return std::ranges::all_of(columns, [&](const resource::Column* column) {
      const auto& own = declaration_.columns();
      const bool standard =
          std::ranges::find(own, column->name, &resource::Column::name) == own.end();
      return standard || FieldOf(role, column->name) >= resource::FieldAccess::kRead;
    });
  }

  // What the role, or the nearest that it builds upon, says of the column.
  [[nodiscard]] resource::FieldAccess FieldOf(const Role& role, const std::string& column) const {
    bool any = false;
    std::optional<FieldRule::Access> own;
    std::optional<FieldRule::Access> others;
    const Role* next = &role;
    for (int depth = 0; next != nullptr && depth < kBaseRolesMax; ++depth) {
      for (const FieldRule& rule : next->field_rules()) {
        any = true;
        if (rule.field() == column && !own.has_value()) own = rule.access();
        if (rule.field() == "*" && !others.has_value()) others = rule.access();
      }
      const auto base = records_.roles.find(next->base_role());
      next = base == records_.roles.end() ? nullptr : &base->second;
    }
    if (!any) return resource::FieldAccess::kWrite;
    const FieldRule::Access access = own.value_or(others.value_or(FieldRule::ACCESS_HIDDEN));
    return static_cast<resource::FieldAccess>(access - FieldRule::ACCESS_HIDDEN);
  }

  const PolicyRecords& records_;
  const resource::Declaration& declaration_;
  const Instant now_;
};

}  // namespace lotura::access
