// The tables of a schema as the server describes them.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "libs/pg/database.h"

namespace lotura::resource {

enum class Nullable { kNo, kYes };

struct ColumnFacts {
  std::string name;
  // As format_type writes it: "text[]", "timestamp with time zone", "numeric(12,2)".
  std::string type;
  Nullable nullable = Nullable::kNo;
  // "C", or empty for the default one.
  std::string collation;
  // COMMENT ON COLUMN.
  std::string comment;
};

enum class IndexRole { kPrimaryKey, kOther };

// GIN finds rows by what an array of theirs contains, and has no order.
enum class IndexKind { kBTree, kGin };

// A valid one of these kinds; others serve no list.
struct IndexFacts {
  std::string name;
  IndexRole role = IndexRole::kOther;
  IndexKind kind = IndexKind::kBTree;
  // The condition of a partial index, or empty.
  std::string predicate;
  // Columns and expressions; " DESC" at the end of one that does not ascend with NULL last.
  std::vector<std::string> keys;
};

struct ForeignKeyFacts {
  std::vector<std::string> columns;
  std::string table;
  std::vector<std::string> referenced;
};

struct TableFacts {
  std::vector<ColumnFacts> columns;
  std::vector<IndexFacts> indexes;
  std::vector<ForeignKeyFacts> foreign_keys;

  // Null if there is none.
  [[nodiscard]] const ColumnFacts* FindColumn(std::string_view name) const;
};

struct SchemaFacts {
  // Those that exist, by name.
  std::map<std::string, TableFacts, std::less<>> tables;
  // Words of those asked for that SQL keeps for itself.
  std::set<std::string, std::less<>> reserved_words;
};

// Reads what is known of these tables of the connection's schema, and which of the words are
// reserved.
absl::StatusOr<SchemaFacts> ReadSchema(pg::Database& database, std::span<const std::string> tables,
                                       std::span<const std::string> words, Deadline deadline);

}  // namespace lotura::resource
