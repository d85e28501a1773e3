// Policies at random, with few enough users and teams that rules meet records often.
#pragma once

#include <string>
#include <vector>

#include "libs/access/policy.h"
#include "libs/access/vocabulary.h"
#include "libs/resource/testdata/random_filters.h"

namespace lotura::access {

// Makes policies for one record type, and owners for its records.
class PolicyMaker {
 public:
  static constexpr int kUsers = 10;
  static constexpr int kTeams = 6;
  static constexpr int kRoles = 6;
  static constexpr int kAssignments = 12;

  PolicyMaker(resource::Dice& dice, const resource::Declaration& declaration)
      : dice_(dice), declaration_(declaration) {}

  PolicyRecords Make() {
    PolicyRecords records;
    for (int i = 0; i < kTeams; ++i) AddTeam(i, records);
    for (int i = 0; i < kUsers; ++i) AddUser(i, records);
    for (int i = 0; i < kRoles; ++i) AddRole(i, records);
    for (int i = 0; i < kAssignments; ++i) AddAssignment(i, records);
    return records;
  }

  // Says of a record whose it is and with whom it is shared.
  void Own(google::protobuf::Message& record) {
    const google::protobuf::Reflection& reflection = *record.GetReflection();
    if (const auto* owner = declaration_.owner(); owner != nullptr)
      reflection.SetString(&record, owner->field, dice_.OneIn(4) ? "" : FullName(AnyUser()));
    for (const auto* column : {declaration_.readers(), declaration_.editors()}) {
      if (column == nullptr) continue;
      reflection.ClearField(&record, column->field);
      for (std::size_t left = dice_.Below(6) / 3; left > 0; --left)
        reflection.AddString(&record, column->field, FullName(AnyMember()));
    }
  }

  static std::string UserName(int i) { return fmt::format("users/u{}", i); }
  static std::string TeamName(int i) { return fmt::format("teams/t{}", i); }
  static std::string RoleName(int i) { return fmt::format("roles/r{}", i); }

 private:
  int Number(int end) { return static_cast<int>(dice_.Below(static_cast<std::size_t>(end))); }
  // One more than there are: some are named that are not there.
  std::string AnyUser() { return UserName(Number(kUsers + 1)); }
  std::string AnyTeam() { return TeamName(Number(kTeams + 1)); }
  std::string AnyMember() { return dice_.OneIn(2) ? AnyUser() : AnyTeam(); }

  void AddTeam(int i, PolicyRecords& records) {
    directory::v1::Team team;
    team.set_name(TeamName(i));
    // Circles, too, which two changes at the same moment may make.
    if (!dice_.OneIn(3)) team.set_parent_team(AnyTeam());
    if (dice_.OneIn(3)) team.set_manager(AnyUser());
    records.teams[team.name()] = team;
  }

  void AddUser(int i, PolicyRecords& records) {
    directory::v1::User user;
    user.set_name(UserName(i));
    if (!dice_.OneIn(4)) user.set_team(AnyTeam());
    if (dice_.OneIn(10)) user.set_suspended(true);
    if (dice_.OneIn(10)) user.mutable_delete_time()->set_seconds(1);
    records.users[user.name()] = user;
  }

  void AddRole(int i, PolicyRecords& records) {
    Role role;
    role.set_name(RoleName(i));
    if (dice_.OneIn(3)) role.set_base_role(RoleName(Number(kRoles)));
    for (std::size_t left = dice_.Below(3); left > 0; --left) AddRecordRule(role);
    if (dice_.OneIn(2)) {
      for (const resource::Column& column : declaration_.columns()) {
        if (dice_.OneIn(3)) AddFieldRule(column.name, role);
      }
      if (dice_.OneIn(3)) AddFieldRule("*", role);
    }
    records.roles[role.name()] = role;
  }

  void AddRecordRule(Role& role) {
    RecordRule& rule = *role.add_record_rules();
    rule.set_record_type(dice_.OneIn(4) ? "*" : declaration_.type());
    rule.set_scope(static_cast<RecordRule::Scope>(1 + Number(RecordRule::Scope_MAX)));
    rule.set_access(static_cast<RecordRule::Access>(1 + Number(RecordRule::Access_MAX)));
    if (!dice_.OneIn(2)) return;
    resource::FilterMaker filters(dice_, declaration_);
    rule.set_filter(filters.Make());
  }

  void AddFieldRule(const std::string& field, Role& role) {
    FieldRule& rule = *role.add_field_rules();
    rule.set_record_type(declaration_.type());
    rule.set_field(field);
    rule.set_access(static_cast<FieldRule::Access>(1 + Number(FieldRule::Access_MAX)));
  }

  void AddAssignment(int i, PolicyRecords& records) {
    directory::v1::RoleAssignment assignment;
    assignment.set_name(fmt::format("roleAssignments/a{}", i));
    assignment.set_role(RoleName(Number(kRoles + 1)));
    assignment.set_member(AnyMember());
    if (dice_.OneIn(4))
      assignment.add_record_types(dice_.OneIn(2) ? declaration_.type() : "sales.lotura/Pipeline");
    if (dice_.OneIn(3)) assignment.mutable_expire_time()->set_seconds(dice_.OneIn(2) ? 1 : kLate);
    records.assignments[assignment.name()] = assignment;
  }

  static constexpr std::int64_t kLate = 32'503'680'000;

  resource::Dice& dice_;
  const resource::Declaration& declaration_;
};

}  // namespace lotura::access
