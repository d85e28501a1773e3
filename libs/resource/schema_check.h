// Whether the tables in PostgreSQL are those that the declarations ask for.
#pragma once

#include "libs/pg/database.h"
#include "libs/resource/catalog.h"

namespace lotura::resource {

// Begins the comment of a column that refers to records of its own service without a foreign key:
// COMMENT ON COLUMN opportunity.pipeline IS 'No foreign key: it is the parent of the stage'.
inline constexpr std::string_view kNoForeignKey = "No foreign key: ";

// Compares each record type with its table in the schema of the database's connections: columns
// with type, nullability and collation, the primary key, an index for each order, each lookup and
// the parent, foreign keys of references within the service; and whether each reference, also one
// in a nested message, is to a declared record type. FAILED_PRECONDITION SCHEMA_DIFFERS naming all
// differences, one on a line.
absl::Status CheckSchema(pg::Database& database, const Catalog& catalog);

}  // namespace lotura::resource
