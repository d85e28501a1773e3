// The connection string of an operator, with what every session of the platform needs.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "libs/base/clock.h"
#include "libs/pg/database.h"

namespace lotura::pg {

// A string of keywords for libpq, whatever form `options.conninfo` has. Connecting is bounded by
// what is left until the deadline, in whole seconds for each host: libpq takes no fractions and
// waits two seconds at least. FAILED_PRECONDITION (CONNECTION_STRING) if it cannot be read.
absl::StatusOr<std::string> ConninfoOf(const Options& options, Deadline deadline);

}  // namespace lotura::pg
