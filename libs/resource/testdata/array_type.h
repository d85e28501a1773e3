// SQL's names of the arrays in which values go to the server.
#pragma once

#include <string_view>

#include "libs/pg/params.h"

namespace lotura::resource {

inline std::string_view ArrayType(pg::Type type) {
  switch (type) {
    case pg::Type::kInt64:
      return "bigint[]";
    case pg::Type::kFloat64:
      return "float8[]";
    case pg::Type::kBool:
      return "boolean[]";
    case pg::Type::kTimestamptz:
      return "timestamptz[]";
    case pg::Type::kDate:
      return "date[]";
    case pg::Type::kJsonb:
      return "jsonb[]";
    default:
      return "text[]";
  }
}

}  // namespace lotura::resource
