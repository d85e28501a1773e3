#include "services/directory/team.h"

#include "libs/resource/hierarchy.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

constexpr resource::Hierarchy kParents{.field = "parent_team",
                                       .reason = reasons::kOwnParent,
                                       .description = "makes the team a part of itself"};

absl::Status Derive(resource::Changes& changes, const v1::Team* before, v1::Team& after) {
  Violations violations;
  LOTURA_RETURN_IF_ERROR(resource::CheckNoCircle(changes, before, after, kParents, violations));
  return violations.ToStatus();
}

}  // namespace

resource::Rules<v1::Team> TeamRules() { return {.derive = Derive}; }

}  // namespace lotura::directory
