#include "libs/resource/order_term.h"

#include <fmt/format.h>

#include "libs/base/check.h"

namespace lotura::resource {
namespace {

const char* SmallestOf(ColumnType type) {
  switch (type) {
    case ColumnType::kTimestamp:
      return "'-infinity'::timestamptz";
    case ColumnType::kDate:
      return "'-infinity'::date";
    case ColumnType::kMoney:
      return "0::numeric";
    case ColumnType::kInt64:
      return "'-9223372036854775808'::bigint";
    case ColumnType::kDouble:
      return "'-Infinity'::double precision";
    case ColumnType::kBool:
      return "false";
    case ColumnType::kText:
    case ColumnType::kEnum:
    case ColumnType::kTextArray:
    case ColumnType::kJson:
      return "''::text";
  }
  LOTURA_CHECK(false);
}

}  // namespace

std::string OrderTerm(const Column& column) {
  return column.nullable ? fmt::format("coalesce({}, {})", column.name, SmallestOf(column.type))
                         : column.name;
}

}  // namespace lotura::resource
