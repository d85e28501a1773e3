// Whether the parts of a mapping fit each other.
#pragma once

#include <absl/status/status.h>

#include <string>

#include "tools/lotura/importer/mapping.h"

namespace lotura::importer {

// Checks that tables, columns, maps and steps that rules name exist, and puts the steps into an
// order in which each comes after those whose records it uses, otherwise as they were written.
// MAPPING_INVALID with file and line, also for steps that wait for each other.
absl::Status CheckAndOrder(const std::string& file, Mapping& mapping);

}  // namespace lotura::importer
