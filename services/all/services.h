// Every service of the platform.
#pragma once

#include <vector>

#include "services/accounts/app.h"
#include "services/analytics/app.h"
#include "services/communications/app.h"
#include "services/directory/app.h"
#include "services/sales/app.h"

namespace lotura {

inline std::vector<host::ServiceSpec> AllServices() {
  return {directory::Spec(), accounts::Spec(), sales::Spec(), communications::Spec(),
          analytics::Spec()};
}

}  // namespace lotura
