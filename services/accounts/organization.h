// Rules of organizations.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/accounts/v1/organization.pb.h"

namespace lotura::accounts {

resource::Rules<v1::Organization> OrganizationRules();

}  // namespace lotura::accounts
