// Views for people with BI tools: the live records of their tenant, without personal data.
#pragma once

#include <absl/status/status.h>

#include <string>

#include "libs/pg/database.h"
#include "libs/resource/catalog.h"

namespace lotura::resource {

// Makes or brings up to date, in one transaction, the schema "<schema>_report" with a view for each
// table of the catalog, and what says whose rows a login sees (lotura_report.login), and lets the
// role read them and nothing else. INVALID_ARGUMENT (NAME_INVALID) for a name that is not made of
// lower-case letters, digits and underscores; FAILED_PRECONDITION (ROLE_MISSING) if nobody has made
// the role.
absl::Status EnsureReporting(pg::Database& database, const Catalog& catalog,
                             const std::string& schema, const std::string& role, Deadline deadline);

}  // namespace lotura::resource
