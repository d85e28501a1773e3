#include "services/directory/user.h"

#include "libs/resource/hierarchy.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

constexpr resource::Hierarchy kManagers{.field = "manager",
                                        .reason = reasons::kOwnManager,
                                        .description = "makes the user his own manager"};

absl::Status Derive(resource::Changes& changes, const v1::User* before, v1::User& after) {
  Violations violations;
  LOTURA_RETURN_IF_ERROR(resource::CheckNoCircle(changes, before, after, kManagers, violations));
  return violations.ToStatus();
}

}  // namespace

resource::Rules<v1::User> UserRules() { return {.derive = Derive}; }

}  // namespace lotura::directory
