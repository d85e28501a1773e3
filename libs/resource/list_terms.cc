#include "libs/resource/list_terms.h"

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/resource/order_term.h"

namespace lotura::resource {
namespace {

std::string PlaceOf(const Column& column) { return "place_" + column.name; }

template <typename TermOf>
std::string TermsOf(const Column* lookup, const Order& order, std::string_view direction,
                    const TermOf& term_of, std::string_view name = "name") {
  std::string terms;
  if (lookup != nullptr) terms = fmt::format("{}{}, ", lookup->name, direction);
  for (const Column* column : order.columns)
    terms += fmt::format("{}{}, ", term_of(*column), direction);
  return fmt::format("{}{}{}", terms, name, direction);
}

const char* DirectionOf(const Order& order) {
  return order.direction == Direction::kDescending ? " DESC" : "";
}

}  // namespace

const char* SqlTypeOf(ColumnType type) {
  switch (type) {
    case ColumnType::kTimestamp:
      return "timestamptz";
    case ColumnType::kDate:
      return "date";
    case ColumnType::kMoney:
      return "numeric";
    case ColumnType::kInt64:
      return "bigint";
    case ColumnType::kDouble:
      return "double precision";
    case ColumnType::kBool:
      return "boolean";
    case ColumnType::kText:
    case ColumnType::kEnum:
    case ColumnType::kTextArray:
    case ColumnType::kJson:
      return "text";
  }
  LOTURA_CHECK(false);
}

std::string Terms(const Column* lookup, const Order& order, std::string_view direction) {
  return TermsOf(lookup, order, direction, OrderTerm);
}

std::string OrderBy(const Column* lookup, const Order& order) {
  return Terms(lookup, order, DirectionOf(order));
}

std::string Places(const Order& order) {
  std::string places;
  for (const Column* column : order.columns)
    places += fmt::format(", {} AS {}", OrderTerm(*column), PlaceOf(*column));
  return places;
}

std::string OrderByPlaces(const Column* lookup, const Order& order) {
  return TermsOf(lookup, order, DirectionOf(order), PlaceOf);
}

std::string OrderByKeys(const Order& order) {
  return TermsOf(nullptr, order, DirectionOf(order), PlaceOf, kKeyName);
}

std::string CursorList(const Order& order) {
  std::string list;
  // Under names of their own: ORDER BY would find a column of the record twice.
  for (const Column* column : order.columns)
    list += fmt::format(", ({})::text AS cursor_{}", OrderTerm(*column), column->name);
  return list;
}

}  // namespace lotura::resource
