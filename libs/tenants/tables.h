// The tables that hold something of tenants, in an order in which they can be emptied.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/pg/database.h"

namespace lotura::tenants {

struct Table {
  std::string name;
  // Whether an index finds the rows of one tenant.
  bool indexed = false;
  // As long as the table is, in blocks.
  std::int64_t blocks = 0;
  // Columns that must be emptied before any table is, since tables that refer to each other, or to
  // themselves, cannot be emptied one after the other.
  std::vector<std::string> circular;
};

// A foreign key.
struct Reference {
  std::string from;
  std::string to;
  // A column of it that may be NULL, or nothing.
  std::string clearable;
};

// Those that refer to others before these. INTERNAL if tables refer to each other in a circle by
// columns that may not be NULL: no service is made so.
absl::StatusOr<std::vector<Table>> InOrder(std::vector<Table> tables,
                                           std::vector<Reference> references);

// Those of the schema, in order.
absl::StatusOr<std::vector<Table>> ReadTables(pg::Database& database, Deadline deadline);

}  // namespace lotura::tenants
