#include "services/directory/user.h"

#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

void Validate(const v1::User* /*before*/, const v1::User& after, Violations& violations) {
  if (!after.manager().empty() && after.manager() == after.name()) {
    violations.Add("manager", reasons::kOwnManager, "makes the user his own manager");
  }
}

}  // namespace

resource::Rules<v1::User> UserRules() { return {.validate = Validate}; }

}  // namespace lotura::directory
