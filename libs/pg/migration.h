// Forward-only changes of one service's schema.
#pragma once

#include <absl/status/status.h>

#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"

namespace lotura::pg {

class Database;

// One file, applied in one transaction; a file that contains CREATE INDEX CONCURRENTLY holds that
// statement alone and runs without one.
struct Migration {
  int number;
  const char* what;
  const char* text;
};

// Migrations that are numbered and recorded together: the platform's own, or a service's.
struct MigrationSet {
  std::string name;
  const std::vector<Migration>* migrations = nullptr;
};

struct MigrationReport {
  std::vector<std::string> applied;
};

// Creates the schema if it does not exist and applies what is missing, sets in order. Only one
// process migrates a schema at a time. FAILED_PRECONDITION if the text of an applied migration
// differs from the one recorded, or the schema is ahead of this binary.
absl::StatusOr<MigrationReport> Migrate(Database& database, const std::string& schema,
                                        std::span<const MigrationSet> sets, Deadline deadline);

// FAILED_PRECONDITION if the schema lacks a migration that this binary needs.
absl::Status CheckMigrated(Database& database, std::span<const MigrationSet> sets,
                           Deadline deadline);

}  // namespace lotura::pg
