#include "services/directory/user.h"

#include "libs/resource/hierarchy.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

constexpr resource::Hierarchy kManagers{.field = "manager",
                                        .reason = reasons::kOwnManager,
                                        .description = "makes the user his own manager"};

}  // namespace

resource::Rules<v1::User> UserRules() {
  return {.derive = resource::NoCircle<v1::User>(kManagers)};
}

}  // namespace lotura::directory
