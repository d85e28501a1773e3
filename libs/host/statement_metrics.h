// How long statements take and how many fail, by their names.
#pragma once

#include "libs/observe/metrics.h"
#include "libs/pg/database.h"

namespace lotura::host {

// Looks a statement's series up once and keeps it.
pg::StatementObserver StatementMetrics(const observe::Metrics& metrics);

}  // namespace lotura::host
