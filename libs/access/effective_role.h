// A role with all that it builds upon, ready to be asked.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/resource/view.h"
#include "lotura/directory/v1/permission_set.pb.h"
#include "lotura/directory/v1/role.pb.h"

namespace lotura::access {

using directory::v1::Role;
using RecordRule = Role::RecordRule;
using FieldRule = Role::FieldRule;

// A longer chain of roles that build upon each other is cut.
inline constexpr int kBaseRolesMax = 50;

// Of one tenant. Immutable after it was made. Owns what it holds.
class EffectiveRole {
 public:
  // The role, then the one that it builds upon, and so on; and the sets of each that are there.
  EffectiveRole(const std::vector<const Role*>& chain,
                const std::map<std::string, directory::v1::PermissionSet>& sets);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::set<std::string>& permissions() const { return permissions_; }
  // Whether it shows every record of every type, with all of its fields.
  [[nodiscard]] bool ReadsAll() const;
  // Of the type, and those of every type.
  [[nodiscard]] std::vector<const RecordRule*> RulesOf(std::string_view type) const;
  // One for each column, in their order; empty if no rule speaks of the type.
  [[nodiscard]] std::vector<resource::FieldAccess> FieldsOf(
      const resource::Declaration& declaration) const;

 private:
  void AddFieldRules(const Role& role);

  std::string name_;
  std::set<std::string> permissions_;
  std::vector<RecordRule> record_rules_;
  // By type and field.
  std::map<std::string, std::map<std::string, FieldRule::Access, std::less<>>, std::less<>> fields_;
};

}  // namespace lotura::access
