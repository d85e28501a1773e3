// Mapping files and the tables that they name.
#pragma once

#include <absl/status/statusor.h>

#include <filesystem>

#include "tools/lotura/importer/mapping.h"

namespace lotura::importer {

// Reads the mapping and all its tables, mends them, and checks that everything it names is there:
// columns, maps, steps, collections, fields. INVALID_ARGUMENT MAPPING_INVALID or CSV_MALFORMED with
// file and line; NOT_FOUND FILE_UNREADABLE. The model outlives the mapping.
absl::StatusOr<Mapping> ReadMapping(const std::filesystem::path& path,
                                    const api::ResourceModel& model);

}  // namespace lotura::importer
