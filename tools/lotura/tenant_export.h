// tenant export: all records of a tenant as files, over the public API.
#pragma once

#include <absl/status/statusor.h>

#include <filesystem>

#include "tools/lotura/session.h"

namespace lotura::cli {

struct TenantExportFlags {
  // Made if it is not there.
  std::string directory;
  int page_size = 500;
};

// Writes a file of JSON lines for each record type that the caller may list, and at last
// manifest.json, which says what each holds, and what could not be exported. A run that was ended
// goes on where it was when it is started again with the same directory. INVALID_ARGUMENT USAGE for
// a directory that holds a complete export, or something else; UNAVAILABLE FILE_UNWRITABLE.
absl::Status TenantExport(const Session& session, const TenantExportFlags& flags);

}  // namespace lotura::cli
