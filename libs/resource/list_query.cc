#include "libs/resource/list_query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libs/resource/list_terms.h"
#include "libs/resource/list_writer.h"

namespace lotura::resource {
namespace {

using Kind = ListPath::Kind;

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

// Of each of many owners a part of the page is looked at: several times its share.
constexpr std::int64_t kShares = 4;
constexpr std::int64_t kOfEachMin = 8;

// 0 where that is no less than a page.
std::int64_t OfEach(std::int64_t owners, std::int64_t limit) {
  const std::int64_t of_each =
      std::max(kOfEachMin, kShares * limit / std::max<std::int64_t>(owners, 1));
  return of_each < limit ? of_each : 0;
}

// The parts of a path that lie along an index, in which a filter may have to read far.
std::vector<ListPart> RangesOf(const ListPath& path) {
  if (path.kind != Kind::kReach) return {ListPart::kOrder};
  std::vector<ListPart> parts;
  if (!path.reach.owners.empty()) parts.push_back(ListPart::kOwners);
  if (path.reach.unowned) parts.push_back(ListPart::kUnowned);
  return parts;
}

// Each reads what no other one does.
std::vector<ListPart> PartsOf(const ListPath& path) {
  std::vector<ListPart> parts = RangesOf(path);
  // Without any part there are no records, which no owner has.
  if (!path.shared.empty() || parts.empty()) parts.push_back(ListPart::kShared);
  return parts;
}

// Where the records of the page stand in the order, found among the keys of all parts, and then the
// records where they lie in the table: the whole statement sees them as they were when it began. Of
// an owner whose records are not on the page only his keys are read.
ListStatement PageByKeys(const ListQuery& query, const ListPath& path, const TenantId& tenant) {
  ListWriter writer(query, path, tenant);
  const Order& order = *query.order;
  const std::int64_t limit = query.page_size + 1;
  std::vector<std::string> keys;
  for (const ListPart part : PartsOf(path))
    keys.push_back(
        fmt::format("({})", writer.Keys(part, part == ListPart::kOwners ? path.of_each : limit)));
  return writer.Finish(fmt::format(
      "SELECT {}, key_owner{} FROM (SELECT * FROM ({}) AS key ORDER BY {} LIMIT {}) AS page, {} AS "
      "record WHERE record.ctid = key_row ORDER BY {}",
      query.type->codec.select_list(), CursorList(order), fmt::join(keys, " UNION ALL "),
      OrderByKeys(order), limit, query.declaration->table(), OrderByKeys(order)));
}

}  // namespace

std::optional<ListPath> PathOfReach(const ListQuery& query) {
  if (!query.reach.has_value() || !LookupsOf(query.filter).empty()) return std::nullopt;
  const auto ranges = static_cast<std::int64_t>(query.reach->Ranges());
  const Column* owner = query.declaration->owner();
  const std::vector<const Column*>& within = query.order->within;
  if (ranges > 0 && std::ranges::find(within, owner) == within.end()) return std::nullopt;
  const std::int64_t rows_of_each = kRowBudget / std::max<std::int64_t>(ranges, 1);
  if (rows_of_each <= query.page_size) return std::nullopt;
  ListPath path{.kind = Kind::kReach,
                .reach = *query.reach,
                .shared = query.shared,
                .rows_max = rows_of_each};
  if (!HasRest(query, path))
    path.of_each = OfEach(std::ssize(path.reach.owners), query.page_size + 1);
  return path;
}

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

bool LeadsToRecords(const ListPath& path) { return path.kind == Kind::kReach && path.reach.whole; }

bool Merges(const ListPath& path) {
  return path.kind == Kind::kReach && path.reach.Ranges() + (path.shared.empty() ? 0 : 1) > 1;
}

// Through the indexes of what the columns contain, which hold nothing of records that are not
// shared.
ListStatement SharedStatement(const ListQuery& query, const TenantId& tenant) {
  ListStatement statement;
  statement.params.Tenant(tenant);
  std::vector<std::string> any;
  for (const auto& [column, names] : query.reach->shares) {
    statement.params.Texts(std::vector(names.begin(), names.end()));
    any.push_back(fmt::format("({0} && ${1}::text[] AND {0} <> '{{}}'::text[])", column->name,
                              statement.params.values().size()));
  }
  statement.text = fmt::format("SELECT name FROM {} WHERE tenant_id = $1::uuid AND ({}) LIMIT {}",
                               query.declaration->table(), fmt::join(any, " OR "), kFewRows + 1);
  return statement;
}

ListStatement PageStatement(const ListQuery& query, const ListPath& path, const TenantId& tenant) {
  if (path.of_each > 0) return PageByKeys(query, path, tenant);
  ListWriter writer(query, path, tenant);
  const std::string list = query.type->codec.select_list() + CursorList(*query.order);
  const std::int64_t limit = query.page_size + 1;
  if (path.kind != Kind::kReach)
    return writer.Finish(
        fmt::format("SELECT {} FROM {} LIMIT {}", list, writer.Rows(ListPart::kOrder), limit));
  std::vector<std::string> firsts;
  for (const ListPart part : PartsOf(path))
    firsts.push_back(fmt::format("({})", writer.First(part, limit)));
  return writer.Finish(fmt::format("SELECT {} FROM ({}) AS page ORDER BY {} LIMIT {}", list,
                                   fmt::join(firsts, " UNION ALL "), OrderBy(nullptr, *query.order),
                                   limit));
}

std::optional<ListStatement> BudgetStatement(const ListQuery& query, const ListPath& path,
                                             const TenantId& tenant) {
  if (path.kind == Kind::kFew || !HasRest(query, path)) return std::nullopt;
  ListWriter writer(query, path, tenant);
  std::vector<std::string> more;
  for (const ListPart part : RangesOf(path))
    more.push_back(fmt::format("({})", writer.Budget(part)));
  if (more.empty()) return std::nullopt;
  return writer.Finish(
      fmt::format("SELECT 1 FROM ({}) AS more LIMIT 1", fmt::join(more, " UNION ALL ")));
}

ListStatement ManyStatement(const ListQuery& query, const FilterTest& lookup,
                            const TenantId& tenant) {
  const ListPath path{Kind::kFew, &lookup};
  ListWriter writer(query, path, tenant);
  return writer.Finish(writer.Many());
}

bool HasRest(const ListQuery& query, const ListPath& path) {
  const std::size_t answered = path.lookup == nullptr ? 0 : 1;
  const bool narrows = query.records.root.has_value() && !LeadsToRecords(path);
  return query.filter.rest.root.has_value() || narrows || LookupsOf(query.filter).size() > answered;
}

std::string MissingIndex(const ListQuery& query) {
  const NamePattern& pattern = query.declaration->pattern();
  const bool parent = pattern.HasParent() && !pattern.IsAnyParent(query.request.parent) &&
                      !query.order->columns.empty();
  return fmt::format("{} (tenant_id, {}{}, {})", query.declaration->table(),
                     parent ? "parent, " : "", FieldToIndex(query),
                     Terms(nullptr, *query.order, ""));
}

}  // namespace lotura::resource
