#include "libs/resource/table_facts.h"

#include <algorithm>

#include "libs/resource/queries.sql.h"

namespace lotura::resource {
namespace {

void ReadColumns(const pg::Rows& rows, SchemaFacts& schema) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    schema.tables[rows.String(i, 0)].columns.push_back(
        {.name = rows.String(i, 1),
         .type = rows.String(i, 2),
         .nullable = rows.Bool(i, 3) ? Nullable::kYes : Nullable::kNo,
         .collation = rows.String(i, 4),
         .comment = rows.String(i, 5)});
  }
}

void ReadIndexes(const pg::Rows& rows, SchemaFacts& schema) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    schema.tables[rows.String(i, 0)].indexes.push_back(
        {.name = rows.String(i, 1),
         .role = rows.Bool(i, 2) ? IndexRole::kPrimaryKey : IndexRole::kOther,
         .kind = rows.Bool(i, 3) ? IndexKind::kGin : IndexKind::kBTree,
         .predicate = rows.String(i, 4),
         .keys = rows.Texts(i, 5)});
  }
}

void ReadForeignKeys(const pg::Rows& rows, SchemaFacts& schema) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    schema.tables[rows.String(i, 0)].foreign_keys.push_back(
        {.columns = rows.Texts(i, 2), .table = rows.String(i, 1), .referenced = rows.Texts(i, 3)});
  }
}

}  // namespace

const ColumnFacts* TableFacts::FindColumn(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, &ColumnFacts::name);
  return found == columns.end() ? nullptr : &*found;
}

absl::StatusOr<SchemaFacts> ReadSchema(pg::Database& database, std::span<const std::string> tables,
                                       std::span<const std::string> words, Deadline deadline) {
  return database.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<SchemaFacts> {
    SchemaFacts schema;
    const pg::Params params = pg::Params().Texts(tables);
    ReadColumns(tx.Run(sql::kTableColumns, params), schema);
    ReadIndexes(tx.Run(sql::kTableIndexes, params), schema);
    ReadForeignKeys(tx.Run(sql::kTableForeignKeys, params), schema);
    const pg::Rows reserved = tx.Run(sql::kReservedWords, pg::Params().Texts(words));
    for (std::size_t i = 0; i < reserved.size(); ++i)
      schema.reserved_words.insert(reserved.String(i, 0));
    return schema;
  });
}

}  // namespace lotura::resource
