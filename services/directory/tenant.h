// Rules of tenants.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/tenant.pb.h"

namespace lotura::directory {

resource::Rules<v1::Tenant> TenantRules();

}  // namespace lotura::directory
