// Which records a rule speaks of, as a condition on them.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "libs/access/effective_role.h"
#include "libs/resource/view.h"

namespace lotura::access {

// Who asks, as records name him: full names, "//directory.lotura/users/anna".
struct Identity {
  std::string user;
  // The members of the teams that he belongs to or leads, and those of the teams below as well.
  resource::TextSet team;
  resource::TextSet team_and_below;
  // With whom a record must be shared to be shared with him: himself and his teams.
  resource::TextSet shared_with;
};

// Whether records of the type can be in the scope: a type without an owner has none that are
// somebody's.
bool Supports(const resource::Declaration& declaration, RecordRule::Scope scope);

// The filter of the rule. INVALID_ARGUMENT naming the field `filter`.
absl::StatusOr<resource::Filter> FilterOf(const RecordRule& rule,
                                          const resource::Declaration& declaration);

// What the rule grants: nothing if the type does not support its scope, or its filter does not fit
// the type or speaks of what the role hides, since which records are seen would tell it. `fields`
// are those of the rule's role.
std::vector<resource::Grant> GrantsOf(const RecordRule& rule,
                                      const resource::Declaration& declaration,
                                      const Identity& identity, const std::string& source,
                                      const std::vector<resource::FieldAccess>& fields);

}  // namespace lotura::access
