// What a new tenant begins with.
#pragma once

#include <vector>

#include "libs/resource/changes.h"
#include "lotura/directory/v1/role.pb.h"
#include "services/directory/domain/administrator.h"

namespace lotura::directory {

// The roles of built_in_roles.json, each behind the one that it builds upon. INTERNAL if the file
// does not hold such.
absl::StatusOr<std::vector<v1::Role>> BuiltInRoles();

// Creates the built-in roles, the administrator and the assignment of his role, in the tenant of
// the changes. What is there already, deleted or not, is left as it is, and what would refer to a
// deleted one is left out. Returns how many were created.
absl::StatusOr<int> Provision(resource::Changes& changes,
                              const domain::Administrator& administrator);

}  // namespace lotura::directory
