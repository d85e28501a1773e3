// Forward-only changes of one service's schema.
#pragma once

#include <absl/status/status.h>

#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"

namespace lotura::pg {

class Database;

// One file, applied in one transaction; a file that builds or drops an index CONCURRENTLY holds
// that statement alone and runs without one. Such a build waits for its locks until the caller's
// deadline, and begins by dropping what an earlier try left invalid. With IF NOT EXISTS it also
// outlives a process that ended between building the index and recording the migration.
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
// process migrates a database at a time; others wait until their deadline. The database needs two
// connections. FAILED_PRECONDITION if the text of an applied migration differs from the one
// recorded (MIGRATION_CHANGED), or the schema is ahead of this binary (SCHEMA_TOO_NEW).
absl::StatusOr<MigrationReport> Migrate(Database& database, const std::string& schema,
                                        std::span<const MigrationSet> sets, Deadline deadline);

// FAILED_PRECONDITION (SCHEMA_TOO_OLD) if the schema lacks a migration that this binary needs. A
// schema that is ahead suits: migrations run before the binaries that need them.
absl::Status CheckMigrated(Database& database, std::span<const MigrationSet> sets,
                           Deadline deadline);

}  // namespace lotura::pg
