#include "services/directory/team.h"

#include "libs/resource/hierarchy.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

constexpr resource::Hierarchy kParents{.field = "parent_team",
                                       .reason = reasons::kOwnParent,
                                       .description = "makes the team a part of itself"};

}  // namespace

resource::Rules<v1::Team> TeamRules() { return {.derive = resource::NoCircle<v1::Team>(kParents)}; }

}  // namespace lotura::directory
