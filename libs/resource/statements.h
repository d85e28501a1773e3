// The write statements of a declaration: N rows of one tenant with their requests, match keys and
// journal entries in one round trip.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/resource/codec.h"

namespace lotura::resource {

// One array parameter and the column that unnest makes of it.
struct ArraySpec {
  std::string name;
  pg::Type type;
  // What the element is cast to, as "::numeric".
  std::string cast;
};

// $1 is the tenant, $2 the periods of requests; then the arrays of each group in this order.
struct StatementShape {
  std::vector<ArraySpec> unit;
  std::vector<ArraySpec> record;
  std::vector<ArraySpec> added_key;
  std::vector<ArraySpec> removed_key;
};

// "SELECT <columns> FROM <table> t ..." of the one row whose name `name` evaluates to, read by the
// primary key whatever the planner knows: while a table is empty, every index that begins with the
// tenant costs it the same, and the plan that it makes then stays. Only the primary key has the
// order that is asked for here; a comparison for equality would make the order needless.
std::string SelectByName(std::string_view columns, std::string_view table, std::string_view name);

// Rows of the names in $2, of the tenant in $1.
std::string LoadStatement(const Declaration& declaration, const Codec& codec);

StatementShape ShapeOf(const Declaration& declaration, const Codec& codec);

// Both return exceptions only: (unit, verdict, ord, answer_plain, answer_personal, kind, holder)
// with verdict R replayed, M request_id of another request, N name taken, D match key taken, S
// stale. A unit that is not named was committed. A race on a key that the statement could not see
// is a unique violation of the whole statement; when it runs again it sees it.
std::string CreateStatement(const Declaration& declaration, const Codec& codec);
std::string UpdateStatement(const Declaration& declaration, const Codec& codec);

}  // namespace lotura::resource
