#include "libs/pg/migration.h"

#include <fmt/format.h>

#include "libs/base/crypto.h"
#include "libs/pg/database.h"
#include "libs/pg/queries.sql.h"

namespace lotura::pg {
namespace {

// Digests of the applied migrations by set and number.
using Applied = std::map<std::pair<std::string, std::int64_t>, std::string>;

std::string DigestOf(const Migration& migration) { return ToHex(Sha256(migration.text)); }

bool RunsAlone(const Migration& migration) {
  return std::string_view(migration.text).find("CREATE INDEX CONCURRENTLY") !=
         std::string_view::npos;
}

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

absl::Status Apply(Database& database, const MigrationSet& set, const Migration& migration,
                   Deadline deadline) {
  if (RunsAlone(migration)) {
    return database.WriteOne(deadline, [&](Tx& tx) {
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

}  // namespace

absl::StatusOr<MigrationReport> Migrate(Database& database, const std::string& schema,
                                        std::span<const MigrationSet> sets, Deadline deadline) {
  absl::StatusOr<MigrationReport> report;
  // The lock belongs to the connection that this closure holds until every migration is applied.
  const absl::Status locked = database.WriteOne(deadline, [&](Tx& tx) {
    tx.Run(sql::kLockMigrations, {});
    tx.RunScript(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", schema));
    tx.RunScript(
        "CREATE TABLE IF NOT EXISTS schema_migration (set_name text NOT NULL, number bigint NOT "
        "NULL, what text NOT NULL, "
        "digest text NOT NULL, apply_time timestamptz NOT NULL DEFAULT now(), PRIMARY KEY "
        "(set_name, number))");
    report = ApplyMissing(database, sets, deadline);
    tx.Run(sql::kUnlockMigrations, {});
    return absl::OkStatus();
  });
  if (!locked.ok()) return locked;
  return report;
}

absl::Status CheckMigrated(Database& database, std::span<const MigrationSet> sets,
                           Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(
      const Applied applied,
      database.Read(deadline, [](Tx& tx) -> absl::StatusOr<Applied> { return ReadApplied(tx); }));
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
