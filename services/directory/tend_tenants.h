// What directory does for tenants beside calls: it gives new ones what they begin with, and ends
// the grace of deleted ones.
#pragma once

#include "libs/host/service.h"

namespace lotura::directory {

// A step. Tenants are tended one after the other, and each on its own: one that fails keeps none of
// the others.
absl::Status TendTenants(const host::StepContext& context);

}  // namespace lotura::directory
