// What a Database tells of its work, as metrics and log lines.
#pragma once

#include <string_view>

#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/pg/database.h"

namespace lotura::pg {

// Observers of one Database. `pool` is its label, one for each Database of a service.
Observers ObserversOf(const observe::Metrics& metrics, const observe::Log& log,
                      std::string_view pool);

}  // namespace lotura::pg
