#include "libs/tenants/tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/tenants/queries.sql.h"

namespace lotura::tenants {
namespace {

bool IsReferredTo(const Table& table, const std::vector<Reference>& references) {
  return std::ranges::any_of(
      references, [&](const Reference& reference) { return reference.to == table.name; });
}

// Takes the references out that go in circles, and notes what has to be emptied for that.
absl::Status BreakCircles(std::vector<Table>& left, std::vector<Reference>& references) {
  std::size_t broken = 0;
  for (Table& table : left) {
    broken += std::erase_if(references, [&](const Reference& reference) {
      if (reference.from != table.name || reference.clearable.empty()) return false;
      if (std::ranges::find(table.circular, reference.clearable) == table.circular.end())
        table.circular.push_back(reference.clearable);
      return true;
    });
  }
  if (broken > 0) return absl::OkStatus();
  return Internal(fmt::format("{} and others refer to each other by columns that may not be NULL",
                              left.front().name));
}

}  // namespace

absl::StatusOr<std::vector<Table>> InOrder(std::vector<Table> tables,
                                           std::vector<Reference> references) {
  std::vector<Table> ordered;
  while (!tables.empty()) {
    const auto free = std::ranges::find_if(
        tables, [&](const Table& table) { return !IsReferredTo(table, references); });
    if (free == tables.end()) {
      LOTURA_RETURN_IF_ERROR(BreakCircles(tables, references));
      continue;
    }
    std::erase_if(references,
                  [&](const Reference& reference) { return reference.from == free->name; });
    ordered.push_back(std::move(*free));
    tables.erase(free);
  }
  return ordered;
}

absl::StatusOr<std::vector<Table>> ReadTables(pg::Database& database, Deadline deadline) {
  std::vector<Table> tables;
  std::vector<Reference> references;
  LOTURA_RETURN_IF_ERROR(database.Read(deadline, [&](pg::Tx& tx) {
    tables.clear();
    references.clear();
    const pg::Rows found = tx.Run(sql::kTenantTables, {});
    for (std::size_t i = 0; i < found.size(); ++i) {
      tables.push_back({.name = found.String(i, 0),
                        .indexed = found.Bool(i, 1),
                        .blocks = found.Int(i, 2),
                        .circular = {}});
    }
    const pg::Rows keys = tx.Run(sql::kTenantReferences, {});
    for (std::size_t i = 0; i < keys.size(); ++i)
      references.push_back({keys.String(i, 0), keys.String(i, 1), keys.String(i, 2)});
    return absl::OkStatus();
  }));
  // A table of no tenant refers to none that has them, and is referred to by none.
  return InOrder(std::move(tables), std::move(references));
}

}  // namespace lotura::tenants
