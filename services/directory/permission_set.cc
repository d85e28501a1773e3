#include "services/directory/permission_set.h"

#include "libs/access/role_check.h"

namespace lotura::directory {
namespace {

void Validate(const v1::PermissionSet* /*before*/, const v1::PermissionSet& after,
              Violations& violations) {
  access::CheckPermissions(after.permissions(), "permissions", violations);
}

}  // namespace

resource::Rules<v1::PermissionSet> PermissionSetRules() { return {.validate = Validate}; }

}  // namespace lotura::directory
