#include "services/directory/user.h"

#include "libs/resource/changes.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

// A chain of managers that is longer is taken as one that has an end.
constexpr int kManagersMax = 50;

// An enterprise has a top: nobody is, over his managers, a manager of his own. One who is new has
// nobody below him yet.
absl::Status Derive(resource::Changes& changes, const v1::User* before, v1::User& after) {
  if (before == nullptr || before->manager() == after.manager()) return absl::OkStatus();
  std::string manager = after.manager();
  for (int i = 0; i < kManagersMax && !manager.empty(); ++i) {
    if (manager == after.name())
      return InvalidArgument("manager", reasons::kOwnManager, "makes the user his own manager");
    const auto next = changes.Load<v1::User>(manager);
    if (!next.ok())
      return resource::IsBadReference(next.status()) ? absl::OkStatus() : next.status();
    manager = next->manager();
  }
  return absl::OkStatus();
}

void Validate(const v1::User* /*before*/, const v1::User& after, Violations& violations) {
  if (!after.manager().empty() && after.manager() == after.name()) {
    violations.Add("manager", reasons::kOwnManager, "makes the user his own manager");
  }
}

}  // namespace

resource::Rules<v1::User> UserRules() { return {.derive = Derive, .validate = Validate}; }

}  // namespace lotura::directory
