#include "libs/pg/migration.h"

#include <fmt/format.h>

#include "libs/base/crypto.h"
#include "libs/base/hex.h"
#include "libs/pg/database.h"
#include "libs/pg/queries.sql.h"

namespace lotura::pg {
namespace {

// Digests of the applied migrations by set and number.
using Applied = std::map<std::pair<std::string, std::int64_t>, std::string>;

constexpr std::chrono::milliseconds kLockPause{200};

std::string DigestOf(const Migration& migration) { return ToHex(Sha256(migration.text)); }

bool RunsAlone(const Migration& migration) {
  return std::string_view(migration.text).find("INDEX CONCURRENTLY") != std::string_view::npos;
}

bool BuildsIndex(const Migration& migration) {
  return RunsAlone(migration) &&
         std::string_view(migration.text).find("CREATE ") != std::string_view::npos;
}

// Lets the statements of a session wait as long as its caller does.
class PatientSession {
 public:
  PatientSession(Tx& tx, Deadline deadline) : tx_(tx) {
    const auto left = std::max(deadline.Left(), std::chrono::milliseconds(1));
    tx.RunScript(fmt::format("SET lock_timeout = 0; SET statement_timeout = {}", left.count()));
  }
  ~PatientSession() {
    try {
      tx_.RunScript("RESET lock_timeout; RESET statement_timeout");
    } catch (...) {
      // The connection is lost, and its settings with it.
    }
  }
  PatientSession(const PatientSession&) = delete;
  PatientSession& operator=(const PatientSession&) = delete;

 private:
  Tx& tx_;
};

// The right to migrate, which belongs to the session; perhaps another one has it.
class MigrationLock {
 public:
  explicit MigrationLock(Tx& tx) : tx_(tx), held_(tx.Run(sql::kTryLockMigrations, {}).Bool(0, 0)) {}
  ~MigrationLock() {
    if (!held_) return;
    try {
      tx_.Run(sql::kUnlockMigrations, {});
    } catch (...) {
      // The connection is lost, and its locks with it.
    }
  }
  MigrationLock(const MigrationLock&) = delete;
  MigrationLock& operator=(const MigrationLock&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  Tx& tx_;
  bool held_;
};

Applied ReadApplied(Tx& tx) {
  Applied applied;
  const Rows rows = tx.Run(sql::kAppliedMigrations, {});
  for (std::size_t i = 0; i < rows.size(); ++i)
    applied[{rows.String(i, 0), rows.Int(i, 1)}] = rows.String(i, 2);
  return applied;
}

void Record(Tx& tx, const MigrationSet& set, const Migration& migration) {
  tx.Run(
      sql::kRecordMigration,
      Params().Text(set.name).Int(migration.number).Text(migration.what).Text(DigestOf(migration)));
}

// A build that failed leaves an index that no query uses and whose name is taken.
void DropInvalidIndexes(Tx& tx, const Migration& migration) {
  const Rows invalid = tx.Run(sql::kInvalidIndexesNamedIn, Params().Text(migration.text));
  for (std::size_t i = 0; i < invalid.size(); ++i)
    tx.RunScript(fmt::format("DROP INDEX CONCURRENTLY {}", invalid.Text(i, 0)));
}

absl::Status Apply(Database& database, const MigrationSet& set, const Migration& migration,
                   Deadline deadline) {
  if (RunsAlone(migration)) {
    return database.WriteOne(deadline, [&](Tx& tx) {
      const PatientSession patient(tx, deadline);
      if (BuildsIndex(migration)) DropInvalidIndexes(tx, migration);
      tx.RunScript(migration.text);
      Record(tx, set, migration);
      return absl::OkStatus();
    });
  }
  return database.Write(deadline, [&](Tx& tx) {
    tx.RunScript(migration.text);
    Record(tx, set, migration);
    return absl::OkStatus();
  });
}

absl::Status CheckUnchanged(const Applied& applied, std::span<const MigrationSet> sets) {
  for (const auto& [key, digest] : applied) {
    const auto set = std::ranges::find(sets, key.first, &MigrationSet::name);
    if (set == sets.end()) continue;
    const auto migration = std::ranges::find(*set->migrations, key.second, &Migration::number);
    if (migration == set->migrations->end()) {
      return FailedPrecondition(
          "SCHEMA_TOO_NEW",
          fmt::format("the schema has migration {} {}, which this binary does not know", key.first,
                      key.second));
    }
    if (digest != DigestOf(*migration)) {
      return FailedPrecondition("MIGRATION_CHANGED",
                                fmt::format("migration {} {} differs from the one that was applied",
                                            key.first, key.second));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<MigrationReport> ApplyMissing(Database& database, std::span<const MigrationSet> sets,
                                             Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(
      const Applied applied,
      database.Read(deadline, [](Tx& tx) -> absl::StatusOr<Applied> { return ReadApplied(tx); }));
  LOTURA_RETURN_IF_ERROR(CheckUnchanged(applied, sets));
  MigrationReport report;
  for (const MigrationSet& set : sets) {
    for (const Migration& migration : *set.migrations) {
      if (applied.contains({set.name, migration.number})) continue;
      LOTURA_RETURN_IF_ERROR(Apply(database, set, migration, deadline));
      report.applied.push_back(
          fmt::format("{} {:04} {}", set.name, migration.number, migration.what));
    }
  }
  return report;
}

// Nothing if another process migrates just now.
absl::StatusOr<std::optional<MigrationReport>> TryMigrate(Database& database,
                                                          const std::string& schema,
                                                          std::span<const MigrationSet> sets,
                                                          Deadline deadline) {
  using Report = std::optional<MigrationReport>;
  return database.WriteOne(deadline, [&](Tx& tx) -> absl::StatusOr<Report> {
    const MigrationLock lock(tx);
    if (!lock.held()) return Report();
    tx.RunScript(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", schema));
    tx.RunScript(
        "CREATE TABLE IF NOT EXISTS schema_migration (set_name text NOT NULL, number bigint NOT "
        "NULL, what text NOT NULL, "
        "digest text NOT NULL, apply_time timestamptz NOT NULL DEFAULT now(), PRIMARY KEY "
        "(set_name, number))");
    LOTURA_ASSIGN_OR_RETURN(MigrationReport report, ApplyMissing(database, sets, deadline));
    return Report(std::move(report));
  });
}

}  // namespace

absl::StatusOr<MigrationReport> Migrate(Database& database, const std::string& schema,
                                        std::span<const MigrationSet> sets, Deadline deadline) {
  for (;;) {
    LOTURA_ASSIGN_OR_RETURN(auto report, TryMigrate(database, schema, sets, deadline));
    if (report.has_value()) return *std::move(report);
    // A statement that waited for the lock would hold a snapshot, and an index that the other
    // process builds concurrently waits for the end of every snapshot.
    std::this_thread::sleep_for(std::min(kLockPause, deadline.Left()));
    if (deadline.Passed()) return DeadlineExceeded("another process migrates the schema");
  }
}

absl::Status CheckMigrated(Database& database, std::span<const MigrationSet> sets,
                           Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(
      const Applied applied, database.Read(deadline, [](Tx& tx) -> absl::StatusOr<Applied> {
        return tx.Run(sql::kHasMigrationTable, {}).Bool(0, 0) ? ReadApplied(tx) : Applied();
      }));
  for (const MigrationSet& set : sets) {
    for (const Migration& migration : *set.migrations) {
      if (!applied.contains({set.name, migration.number})) {
        return FailedPrecondition(
            "SCHEMA_TOO_OLD", fmt::format("the schema lacks migration {} {}: run lotura-migrate",
                                          set.name, migration.number));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace lotura::pg
