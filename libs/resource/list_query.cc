#include "libs/resource/list_query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libs/base/check.h"
#include "libs/resource/filter_sql.h"
#include "libs/resource/order_term.h"

namespace lotura::resource {
namespace {

using Kind = ListPath::Kind;

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

const Column& LookupOf(const ListPath& path) { return *path.lookup->path.column; }

// "amount, name" of the order, each followed by `direction`; within a lookup this comes first.
std::string Terms(const ListPath& path, const Order& order, std::string_view direction) {
  std::string terms;
  if (path.kind == Kind::kWithin) terms = fmt::format("{}{}, ", LookupOf(path).name, direction);
  for (const Column* column : order.columns)
    terms += fmt::format("{}{}, ", OrderTerm(*column), direction);
  return fmt::format("{}name{}", terms, direction);
}

std::string OrderBy(const ListPath& path, const Order& order) {
  return Terms(path, order, order.direction == Direction::kDescending ? " DESC" : "");
}

// Values of the order's fields beside the columns of the record, as the token keeps them.
std::string CursorList(const Order& order) {
  std::string list;
  // Under names of their own: ORDER BY would find a column of the record twice.
  for (const Column* column : order.columns)
    list += fmt::format(", ({})::text AS cursor_{}", OrderTerm(*column), column->name);
  return list;
}

// Writes conditions, and adds their parameters one by one.
class Writer {
 public:
  Writer(const ListQuery& query, const ListPath& path, const TenantId& tenant)
      : query_(query), path_(path) {
    statement_.params.Tenant(tenant);
    if (path.lookup != nullptr) lookup_ = Add(OperandToSql(*path.lookup, Next()));
  }

  // The rows with the lookup's value. That it is one value is kept from the planner: it would take
  // any index of the tenant while it knows nothing of the table, and takes the one that delivers
  // the order of values (docs/adr/0006-rows-by-primary-key.md).
  std::string WithLookup() const {
    const std::string& column = LookupOf(path_).name;
    return fmt::format("tenant_id = $1::uuid AND {0} >= {1} AND {0} <= {1} ORDER BY {0}", column,
                       lookup_);
  }

  // What a row of the list must be beside its place in the order and the filter.
  std::string Listed() {
    const bool hidden =
        query_.declaration->soft_delete() && query_.request.show_deleted == ShowDeleted::kNo;
    std::string where = hidden ? " AND delete_time IS NULL" : "";
    if (HasOneParent()) where += fmt::format(" AND parent = {}", Text(query_.request.parent));
    return where;
  }

  // Where the page lies in the order.
  std::string Place() {
    const bool descends = query_.order->direction == Direction::kDescending;
    const bool within = path_.kind == Kind::kWithin;
    std::string low = within ? Bound(">=", {}) : "";
    std::string high = within ? Bound("<=", {}) : "";
    // The names under one parent are neighbors.
    if (HasOneParent() && query_.order->columns.empty()) {
      const char behind_slash = '/' + 1;
      const std::string prefix =
          fmt::format("{}/{}", query_.request.parent, query_.declaration->pattern().Collection());
      // A parameter that the statement does not use has no type.
      if (!query_.after.has_value()) low = Bound(">", {Text(prefix + "/")});
      high = Bound("<", {Text(prefix + behind_slash)});
    }
    if (query_.after.has_value()) (descends ? high : low) = Bound(descends ? "<" : ">", Last());
    return low + high;
  }

  // What the path does not answer.
  std::string Rest() {
    std::string where;
    for (const FilterTest* other : LookupsOf(query_.filter)) {
      if (other == path_.lookup) continue;
      where += And({query_.declaration, FilterNode{FilterNode::Kind::kTest, {}, *other}});
    }
    return where + And(query_.filter.rest);
  }

  ListStatement Finish(std::string text) { return {std::move(text), std::move(statement_.params)}; }

 private:
  std::size_t Next() const { return statement_.params.values().size() + 1; }

  std::string Add(const SqlFragment& fragment) {
    for (const std::string& value : fragment.params) statement_.params.Text(value);
    return fragment.text;
  }

  std::string Text(std::string_view value) {
    statement_.params.Text(value);
    return fmt::format("${}::text", statement_.params.values().size());
  }

  bool HasOneParent() const {
    const NamePattern& pattern = query_.declaration->pattern();
    return pattern.HasParent() && !pattern.IsAnyParent(query_.request.parent);
  }

  // Compares the lookup of the path, if there is one, and the order's terms with these values; all
  // or none of the order's.
  std::string Bound(std::string_view comparison, const std::vector<std::string>& values) const {
    if (values.empty())
      return fmt::format(" AND {} {} {}", LookupOf(path_).name, comparison, lookup_);
    const std::string lookup = path_.kind == Kind::kWithin ? lookup_ + ", " : "";
    return fmt::format(" AND ({}) {} ({}{})", Terms(path_, *query_.order, ""), comparison, lookup,
                       fmt::join(values, ", "));
  }

  // The last record of the page before.
  std::vector<std::string> Last() {
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
  std::string And(const Filter& filter) {
    if (!filter.root.has_value()) return "";
    return fmt::format(" AND ({})", Add(FilterToSql(filter, Next())));
  }

  const ListQuery& query_;
  const ListPath& path_;
  ListStatement statement_;
  // Its value as a parameter.
  std::string lookup_;
};

bool IsServed(const Order& order, const FilterTest& lookup) {
  const Column* column = lookup.path.column;
  return std::ranges::find(order.within, column) != order.within.end() ||
         (!order.columns.empty() && order.columns.front() == column);
}

const FilterTest* ServedLookup(const ListQuery& query) {
  for (const FilterTest* lookup : LookupsOf(query.filter)) {
    if (IsServed(*query.order, *lookup)) return lookup;
  }
  return nullptr;
}

// The first such test of the filter, or null.
const FilterTest* FirstTest(const FilterNode& node, FilterOperation operation) {
  if (node.kind == FilterNode::Kind::kTest)
    return node.test.operation == operation ? &node.test : nullptr;
  for (const FilterNode& child : node.children) {
    if (const FilterTest* test = FirstTest(child, operation)) return test;
  }
  return nullptr;
}

std::string FieldToIndex(const ListQuery& query) {
  for (const FilterTest* lookup : LookupsOf(query.filter)) {
    if (!IsServed(*query.order, *lookup)) return lookup->path.column->name;
  }
  const FilterTest* test = query.filter.rest.root.has_value()
                               ? FirstTest(*query.filter.rest.root, FilterOperation::kEqual)
                               : nullptr;
  return test != nullptr ? test->path.column->name : "<field of the filter>";
}

}  // namespace

std::optional<ListPath> PathWithoutCount(const ListQuery& query) {
  const std::vector<const FilterTest*> lookups = LookupsOf(query.filter);
  if (lookups.empty()) return ListPath{};
  const FilterTest* served = ServedLookup(query);
  if (served != nullptr && lookups.size() == 1) return ListPath{Kind::kWithin, served};
  return std::nullopt;
}

ListPath PathOfMany(const ListQuery& query) {
  const FilterTest* served = ServedLookup(query);
  return served != nullptr ? ListPath{Kind::kWithin, served} : ListPath{};
}

bool IsOneRow(const ListQuery& query, const FilterTest& lookup) {
  const auto* value = std::get_if<std::string>(&lookup.value);
  return lookup.path.column->match_key != options::v1::MATCH_KEY_UNSPECIFIED && value != nullptr &&
         !value->empty() && query.request.show_deleted == ShowDeleted::kNo;
}

ListStatement PageStatement(const ListQuery& query, const ListPath& path, const TenantId& tenant) {
  Writer writer(query, path, tenant);
  const std::string list = query.type->codec.select_list() + CursorList(*query.order);
  const std::string& table = query.declaration->table();
  const std::string order = OrderBy(path, *query.order);
  const std::int64_t limit = query.page_size + 1;
  if (path.kind == Kind::kFew) {
    const std::string where = writer.Listed() + writer.Place() + writer.Rest();
    return writer.Finish(
        fmt::format("SELECT {} FROM (SELECT * FROM {} WHERE {} LIMIT {}) AS few WHERE TRUE{} "
                    "ORDER BY {} LIMIT {}",
                    list, table, writer.WithLookup(), kFewRows, where, order, limit));
  }
  const std::string where = "tenant_id = $1::uuid" + writer.Listed() + writer.Place();
  if (!HasRest(query, path))
    return writer.Finish(fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}", list, table,
                                     where, order, limit));
  return writer.Finish(fmt::format(
      "SELECT {} FROM (SELECT * FROM {} WHERE {} ORDER BY {} LIMIT {}) AS budget WHERE TRUE{} "
      "ORDER BY {} LIMIT {}",
      list, table, where, order, kRowBudget, writer.Rest(), order, limit));
}

ListStatement BudgetStatement(const ListQuery& query, const ListPath& path,
                              const TenantId& tenant) {
  Writer writer(query, path, tenant);
  const std::string where = writer.Listed() + writer.Place();
  return writer.Finish(
      fmt::format("SELECT 1 FROM {} WHERE tenant_id = $1::uuid{} ORDER BY {} OFFSET {} LIMIT 1",
                  query.declaration->table(), where, OrderBy(path, *query.order), kRowBudget));
}

ListStatement ManyStatement(const ListQuery& query, const FilterTest& lookup,
                            const TenantId& tenant) {
  const ListPath path{Kind::kFew, &lookup};
  Writer writer(query, path, tenant);
  return writer.Finish(fmt::format("SELECT 1 FROM {} WHERE {} OFFSET {} LIMIT 1",
                                   query.declaration->table(), writer.WithLookup(), kFewRows));
}

bool HasRest(const ListQuery& query, const ListPath& path) {
  const std::size_t answered = path.lookup == nullptr ? 0 : 1;
  return query.filter.rest.root.has_value() || LookupsOf(query.filter).size() > answered;
}

std::string MissingIndex(const ListQuery& query) {
  const NamePattern& pattern = query.declaration->pattern();
  const bool parent = pattern.HasParent() && !pattern.IsAnyParent(query.request.parent) &&
                      !query.order->columns.empty();
  return fmt::format("{} (tenant_id, {}{}, {})", query.declaration->table(),
                     parent ? "parent, " : "", FieldToIndex(query), Terms({}, *query.order, ""));
}

}  // namespace lotura::resource
