#include "libs/access/effective_role.h"

#include <algorithm>

namespace lotura::access {
namespace {

constexpr char kAny[] = "*";

resource::FieldAccess ToFieldAccess(FieldRule::Access access) {
  switch (access) {
    case FieldRule::ACCESS_MASKED:
      return resource::FieldAccess::kMasked;
    case FieldRule::ACCESS_READ:
      return resource::FieldAccess::kRead;
    case FieldRule::ACCESS_WRITE:
      return resource::FieldAccess::kWrite;
    case FieldRule::ACCESS_UNSPECIFIED:
    case FieldRule::ACCESS_HIDDEN:
    case directory::v1::Role_FieldRule_Access_Role_FieldRule_Access_INT_MIN_SENTINEL_DO_NOT_USE_:
    case directory::v1::Role_FieldRule_Access_Role_FieldRule_Access_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return resource::FieldAccess::kHidden;
}

}  // namespace

EffectiveRole::EffectiveRole(const std::vector<const Role*>& chain,
                             const std::map<std::string, directory::v1::PermissionSet>& sets)
    : name_(chain.front()->name()) {
  for (const Role* role : chain) {
    permissions_.insert(role->permissions().begin(), role->permissions().end());
    for (const std::string& name : role->permission_sets()) {
      const auto set = sets.find(name);
      if (set == sets.end()) continue;
      permissions_.insert(set->second.permissions().begin(), set->second.permissions().end());
    }
    record_rules_.insert(record_rules_.end(), role->record_rules().begin(),
                         role->record_rules().end());
    AddFieldRules(*role);
  }
}

// Rules that are there are those of roles nearer to this one.
void EffectiveRole::AddFieldRules(const Role& role) {
  for (const FieldRule& rule : role.field_rules())
    fields_[rule.record_type()].emplace(rule.field(), rule.access());
}

bool EffectiveRole::ReadsAll() const {
  return fields_.empty() && std::ranges::any_of(record_rules_, [](const RecordRule& rule) {
           return rule.record_type() == kAny && rule.scope() == RecordRule::SCOPE_ALL &&
                  rule.filter().empty() && rule.access() != RecordRule::ACCESS_UNSPECIFIED;
         });
}

std::vector<const RecordRule*> EffectiveRole::RulesOf(std::string_view type) const {
  std::vector<const RecordRule*> rules;
  for (const RecordRule& rule : record_rules_) {
    if (rule.record_type() == type || rule.record_type() == kAny) rules.push_back(&rule);
  }
  return rules;
}

std::vector<resource::FieldAccess> EffectiveRole::FieldsOf(
    const resource::Declaration& declaration) const {
  const auto rules = fields_.find(declaration.type());
  if (rules == fields_.end()) return {};
  const auto others = rules->second.find(kAny);
  const resource::FieldAccess otherwise = others == rules->second.end()
                                              ? resource::FieldAccess::kHidden
                                              : ToFieldAccess(others->second);
  std::vector<resource::FieldAccess> fields;
  for (const resource::Column& column : declaration.columns()) {
    const auto rule = rules->second.find(column.name);
    fields.push_back(rule == rules->second.end() ? otherwise : ToFieldAccess(rule->second));
  }
  return fields;
}

}  // namespace lotura::access
