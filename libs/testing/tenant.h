// Tenants that tests tell apart by a number.
#pragma once

#include <cstdint>

#include "libs/base/uuid.h"

namespace lotura::testing {

inline TenantId TenantOf(std::uint8_t number) {
  TenantId tenant;
  tenant.value.bytes[15] = number;
  return tenant;
}

}  // namespace lotura::testing
