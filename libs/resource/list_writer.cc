#include "libs/resource/list_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libs/mutant/use.h"
#include "libs/resource/list_terms.h"

namespace lotura::resource {
namespace {

using Kind = ListPath::Kind;

// What stands for the owner, and for the record, whose turn it is.
constexpr char kOneOwner[] = "one_owner";
constexpr char kOneName[] = "one_name";
// Where a record lies in the table, beside those of its columns that a subquery passes on.
constexpr char kOneRow[] = "one_row";

}  // namespace

ListWriter::ListWriter(const ListQuery& query, const ListPath& path, const TenantId& tenant)
    : query_(query), path_(path) {
  statement_.params.Tenant(tenant);
  if (path.lookup != nullptr) lookup_ = Add(OperandToSql(*path.lookup, Next()));
}

std::string ListWriter::Rows(ListPart part) {
  const Order& order = *query_.order;
  if (part == ListPart::kShared) return SharedRows();
  if (path_.kind == Kind::kFew)
    return fmt::format("(SELECT * FROM {} WHERE {} LIMIT {}) AS few WHERE TRUE{}{}{} ORDER BY {}",
                       query_.declaration->table(), WithLookup(), kFewRows, Listed(), Place(part),
                       Rest(), OrderBy(nullptr, order));
  if (!HasRest(query_, path_)) return InPlace(part);
  return fmt::format("(SELECT *{} FROM {} LIMIT {}) AS budget WHERE TRUE{} ORDER BY {}",
                     Places(order), InPlace(part), path_.rows_max, Rest(),
                     OrderByPlaces(WithinOf(part), order));
}

std::string ListWriter::First(ListPart part, std::int64_t limit) {
  // All parts have the same columns.
  const bool lacks_places = part == ListPart::kShared && HasRest(query_, path_);
  const std::string rows = fmt::format(
      "SELECT *{} FROM {} LIMIT {}", lacks_places ? Places(*query_.order) : "", Rows(part), limit);
  if (part != ListPart::kOwners) return rows;
  return fmt::format("SELECT part.* FROM {}", OfEachOwner(rows));
}

std::string ListWriter::Keys(ListPart part, std::int64_t limit) {
  const std::string keys =
      fmt::format("SELECT {} AS key_row, name AS {}, {} AS key_owner{} FROM {} LIMIT {}",
                  part == ListPart::kShared ? kOneRow : "ctid", kKeyName,
                  part == ListPart::kOwners ? kOneOwner : "NULL::text", Places(*query_.order),
                  Rows(part), limit);
  if (part != ListPart::kOwners) return keys;
  return fmt::format("SELECT part.* FROM {}", OfEachOwner(keys));
}

std::string ListWriter::Budget(ListPart part) {
  const std::string more =
      fmt::format("SELECT 1 FROM {} OFFSET {} LIMIT 1", InPlace(part), path_.rows_max);
  if (part != ListPart::kOwners) return more;
  return fmt::format("SELECT 1 FROM {} LIMIT 1", OfEachOwner(more));
}

std::string ListWriter::Many() {
  return fmt::format("SELECT 1 FROM {} WHERE {} OFFSET {} LIMIT 1", query_.declaration->table(),
                     WithLookup(), kFewRows);
}

// The rows of the part that are listed, from its place in the order on.
std::string ListWriter::InPlace(ListPart part) {
  const std::string unowned =
      part == ListPart::kUnowned ? fmt::format(" AND {} IS NULL", query_.declaration->owner()->name)
                                 : "";
  const char* const tenant =
      mutant::Omits("tenant.list") ? "$1::uuid IS NOT NULL" : "tenant_id = $1::uuid";
  return fmt::format("{} WHERE {}{}{}{} ORDER BY {}", query_.declaration->table(), tenant, unowned,
                     Listed(), Place(part), OrderBy(WithinOf(part), *query_.order));
}

// Each by its name. What is shared no more since the names were found is left out.
std::string ListWriter::SharedRows() {
  const std::string row = path_.of_each > 0 ? fmt::format("ctid AS {}, ", kOneRow) : "";
  return fmt::format(
      "(SELECT one.* FROM unnest({}) AS s({}), LATERAL (SELECT {}* FROM {} WHERE "
      "tenant_id = $1::uuid AND name >= {} AND name <= {} ORDER BY name LIMIT 1) AS one) AS shared "
      "WHERE TRUE{}{}{}{}{} ORDER BY {}",
      Texts(path_.shared), kOneName, row, query_.declaration->table(), kOneName, kOneName, Listed(),
      OfNoOtherPart(), Place(ListPart::kShared), Filtered(), And(query_.records),
      OrderBy(nullptr, *query_.order));
}

// What a row of the list must be beside its place in the order and the filter.
std::string ListWriter::Listed() {
  const bool hidden =
      query_.declaration->soft_delete() && query_.request.show_deleted == ShowDeleted::kNo;
  std::string where = hidden ? " AND delete_time IS NULL" : "";
  if (HasOneParent()) where += fmt::format(" AND parent = {}", Text(query_.request.parent));
  return where;
}

// Where the page lies in the order.
std::string ListWriter::Place(ListPart part) {
  const bool descends = query_.order->direction == Direction::kDescending;
  const bool within = !ValueOf(part).empty();
  std::string low = within ? Bound(part, ">=", {}) : "";
  std::string high = within ? Bound(part, "<=", {}) : "";
  // The names under one parent are neighbors.
  if (HasOneParent() && query_.order->columns.empty()) {
    const char behind_slash = '/' + 1;
    const std::string prefix =
        fmt::format("{}/{}", query_.request.parent, query_.declaration->pattern().Collection());
    // A parameter that the statement does not use has no type.
    if (!query_.after.has_value()) low = Bound(part, ">", {Text(prefix + "/")});
    high = Bound(part, "<", {Text(prefix + behind_slash)});
  }
  if (query_.after.has_value()) (descends ? high : low) = Bound(part, descends ? "<" : ">", Last());
  return low + high;
}

// What the path does not answer of the filter ...
std::string ListWriter::Filtered() {
  std::string where;
  for (const FilterTest* other : LookupsOf(query_.filter)) {
    if (other == path_.lookup) continue;
    where += And({query_.declaration, FilterNode{FilterNode::Kind::kTest, {}, *other}});
  }
  return where + And(query_.filter.rest);
}

// ... and of what the caller may see.
std::string ListWriter::Rest() {
  return LeadsToRecords(path_) ? Filtered() : Filtered() + And(query_.records);
}

// The rows with the lookup's value. That it is one value is kept from the planner: it would take
// any index of the tenant while it knows nothing of the table, and takes the one that delivers
// the order of values (docs/adr/0006-rows-by-primary-key.md).
std::string ListWriter::WithLookup() const {
  const std::string& column = path_.lookup->path.column->name;
  return fmt::format("tenant_id = $1::uuid AND {0} >= {1} AND {0} <= {1} ORDER BY {0}", column,
                     lookup_);
}

std::string ListWriter::OfNoOtherPart() {
  const Column* owner = query_.declaration->owner();
  std::string where;
  if (!path_.reach.owners.empty())
    where += fmt::format(" AND ({} = ANY ({})) IS NOT TRUE", owner->name, Owners());
  if (path_.reach.unowned) where += fmt::format(" AND {} IS NOT NULL", owner->name);
  return where;
}

std::string ListWriter::OfEachOwner(std::string_view rows) {
  return fmt::format("unnest({}) AS o({}), LATERAL ({}) AS part", Owners(), kOneOwner, rows);
}

// Compares the value within which the part is ordered, if there is one, and the order's terms with
// these values; all or none of the order's.
std::string ListWriter::Bound(ListPart part, std::string_view comparison,
                              const std::vector<std::string>& values) {
  const std::string value = ValueOf(part);
  const Column* within = value.empty() ? nullptr : WithinOf(part);
  if (values.empty()) return fmt::format(" AND {} {} {}", within->name, comparison, value);
  return fmt::format(" AND ({}) {} ({}{})", Terms(within, *query_.order, ""), comparison,
                     within != nullptr ? value + ", " : "", fmt::join(values, ", "));
}

// The last record of the page before.
std::vector<std::string> ListWriter::Last() {
  const Order& order = *query_.order;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < order.columns.size(); ++i) {
    values.push_back(fmt::format("{}::{}", Text(query_.after->last[i].value_or("")),
                                 SqlTypeOf(order.columns[i]->type)));
  }
  values.push_back(Text(query_.after->last.back().value_or("")));
  return values;
}

// " AND (...)", or nothing for a filter that lets everything pass.
std::string ListWriter::And(const Filter& filter) {
  if (!filter.root.has_value()) return "";
  return fmt::format(" AND ({})", Add(FilterToSql(filter, Next())));
}

const Column* ListWriter::WithinOf(ListPart part) const {
  switch (part) {
    case ListPart::kOwners:
    case ListPart::kUnowned:
      return query_.declaration->owner();
    case ListPart::kOrder:
      return path_.kind == Kind::kWithin ? path_.lookup->path.column : nullptr;
    case ListPart::kShared:
      return nullptr;
  }
  return nullptr;
}

std::string ListWriter::ValueOf(ListPart part) const {
  if (part == ListPart::kOwners) return kOneOwner;
  return part == ListPart::kOrder && path_.kind == Kind::kWithin ? lookup_ : "";
}

bool ListWriter::HasOneParent() const {
  const NamePattern& pattern = query_.declaration->pattern();
  return pattern.HasParent() && !pattern.IsAnyParent(query_.request.parent);
}

std::string ListWriter::Add(const SqlFragment& fragment) {
  for (const std::string& value : fragment.params) statement_.params.Text(value);
  return fragment.text;
}

std::string ListWriter::Text(std::string_view value) {
  statement_.params.Text(value);
  return fmt::format("${}::text", statement_.params.values().size());
}

std::string ListWriter::Texts(const std::vector<std::string>& values) {
  statement_.params.Texts(values);
  return fmt::format("${}::text[]", statement_.params.values().size());
}

std::string ListWriter::Owners() {
  if (owners_.empty())
    owners_ = Texts(std::vector(path_.reach.owners.begin(), path_.reach.owners.end()));
  return owners_;
}

}  // namespace lotura::resource
