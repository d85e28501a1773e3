// What a role may say: names of types, fields and permissions that there are, and rules that fit
// them.
#pragma once

#include <string>

#include "libs/access/effective_role.h"
#include "libs/base/errors.h"
#include "lotura/directory/v1/role_assignment.pb.h"

namespace lotura::access {

// Each adds what is wrong, with the path within the record.

// PERMISSION_UNKNOWN, DUPLICATE. `field` holds them.
void CheckPermissions(const google::protobuf::RepeatedPtrField<std::string>& permissions,
                      const char* field, Violations& violations);
// TYPE_UNKNOWN, DUPLICATE.
void CheckRecordTypes(const google::protobuf::RepeatedPtrField<std::string>& types,
                      Violations& violations);
// REQUIRED, TYPE_UNKNOWN, SCOPE_UNSUPPORTED, FILTER_NEEDS_ONE_TYPE, FIELD_HIDDEN, and the reasons
// of filters.
void CheckRecordRules(const Role& role, Violations& violations);
// REQUIRED, TYPE_UNKNOWN, FIELD_UNKNOWN, MASK_UNSUPPORTED, DUPLICATE.
void CheckFieldRules(const Role& role, Violations& violations);

}  // namespace lotura::access
