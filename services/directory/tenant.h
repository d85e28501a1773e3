// Rules of tenants.
#pragma once

#include <optional>
#include <string>

#include "libs/base/uuid.h"
#include "libs/resource/record_type.h"
#include "lotura/directory/v1/tenant.pb.h"

namespace lotura::directory {

resource::Rules<v1::Tenant> TenantRules();

// Of "tenants/0b0e6a5e-..."; nothing for any other text.
std::optional<TenantId> TenantNamed(const std::string& record);

}  // namespace lotura::directory
