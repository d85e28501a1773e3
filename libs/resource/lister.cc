#include "libs/resource/lister.h"

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/base/text.h"
#include "libs/resource/filter_check.h"
#include "libs/resource/filter_sql.h"
#include "libs/resource/order_term.h"

namespace lotura::resource {
namespace {

// What the records of a page may take, which leaves room for the token, and what each takes beside
// its own bytes.
constexpr std::size_t kPageBytesMax = kMessageBytesMax - (16 << 10);
constexpr std::size_t kRecordOverhead = 8;

constexpr char kByName[] = "name";

// An arena's blocks: a page of fifty records takes a few of them.
constexpr std::size_t kBlockFirst = 16 << 10;
constexpr std::size_t kBlockMax = 64 << 10;

std::shared_ptr<pbuf::Arena> NewArena() {
  pbuf::ArenaOptions options;
  options.start_block_size = kBlockFirst;
  options.max_block_size = kBlockMax;
  return std::make_shared<pbuf::Arena>(options);
}

// What a list statement is made of; each call has its own.
struct Query {
  const Declaration* declaration = nullptr;
  const Lister::Type* type = nullptr;
  const Order* order = nullptr;
  ListRequest request;
  SplitFilter filter;
  std::optional<PageCursor> after;
  // Everything that must stay the same from page to page.
  Sha256Digest digest{};
  std::int64_t page_size = 0;
};

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

// "(amount, name)" of the order.
std::string OrderRow(const Order& order) {
  std::string row;
  for (const Column* column : order.columns) row += OrderTerm(*column) + ", ";
  return row + "name";
}

std::string OrderBy(const Order& order) {
  const char* direction = order.direction == Direction::kDescending ? " DESC" : "";
  std::string terms;
  for (const Column* column : order.columns) terms += OrderTerm(*column) + direction + ", ";
  return terms + "name" + direction;
}

// Adds parameters one by one and keeps their numbers.
class Statement {
 public:
  std::size_t next() const { return params.values().size() + 1; }
  std::string AddText(std::string_view value) {
    params.Text(value);
    return fmt::format("${}::text", params.values().size());
  }
  pg::Params params;
};

// The condition that begins right after the last record of the page before.
std::string After(const Query& query, Statement& statement) {
  std::string values;
  for (std::size_t i = 0; i < query.order->columns.size(); ++i) {
    values += fmt::format("{}::{}, ", statement.AddText(query.after->last[i].value_or("")),
                          SqlTypeOf(query.order->columns[i]->type));
  }
  values += statement.AddText(query.after->last.back().value_or(""));
  const char* comparison = query.order->direction == Direction::kDescending ? "<" : ">";
  return fmt::format(" AND ({}) {} ({})", OrderRow(*query.order), comparison, values);
}

// Rows of the list in its order, before the filter.
std::string Where(const Query& query, Statement& statement) {
  std::string where = "tenant_id = $1::uuid";
  const NamePattern& pattern = query.declaration->pattern();
  if (pattern.HasParent() && !pattern.IsAnyParent(query.request.parent)) {
    where += " AND parent = " + statement.AddText(query.request.parent);
  }
  if (query.declaration->soft_delete() && query.request.show_deleted == ShowDeleted::kNo)
    where += " AND delete_time IS NULL";
  if (query.after.has_value()) where += After(query, statement);
  return where;
}

// " AND (...)", or nothing for a filter that lets everything pass.
std::string And(const Filter& filter, Statement& statement) {
  if (!filter.root.has_value()) return "";
  const SqlFragment fragment = FilterToSql(filter, statement.next());
  for (const std::string& value : fragment.params) statement.params.Text(value);
  return fmt::format(" AND ({})", fragment.text);
}

// Values of the order's fields beside the columns of the record, as the token keeps them.
std::string CursorList(const Order& order) {
  std::string list;
  // Under names of their own: ORDER BY would find a column of the record twice.
  for (const Column* column : order.columns)
    list += fmt::format(", ({})::text AS cursor_{}", OrderTerm(*column), column->name);
  return list;
}

// What has no index of its own is sought along the order, among as many rows as the budget allows.
std::string Text(const Query& query, Statement& statement) {
  const std::string where = Where(query, statement) + And(query.filter.lookups, statement);
  const std::string list = query.type->codec.select_list() + CursorList(*query.order);
  const std::string& table = query.declaration->table();
  const std::string order = OrderBy(*query.order);
  const std::int64_t limit = query.page_size + 1;
  if (!query.filter.rest.root.has_value())
    return fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}", list, table, where, order,
                       limit);
  return fmt::format(
      "SELECT {} FROM (SELECT * FROM {} WHERE {} ORDER BY {} LIMIT {}) AS budget WHERE TRUE{} "
      "ORDER BY {} LIMIT {}",
      list, table, where, order, kRowBudget, And(query.filter.rest, statement), order, limit);
}

// How often the value of a lookup occurs decides whether its index is better or the order's: a plan
// for any value would read a whole order to find that nothing has a rare one.
pg::Rows RunStatement(pg::Tx& tx, const Query& query, const std::string& name,
                      const std::string& text, const pg::Params& params) {
  return query.filter.lookups.root.has_value() ? tx.RunPlanned(name.c_str(), text, params)
                                               : tx.RunBuilt(name.c_str(), text, params);
}

// Whether more rows lie before the filter than the budget allows to read.
bool ExceedsBudget(pg::Tx& tx, const Query& query, const TenantId& tenant) {
  Statement statement;
  statement.params.Tenant(tenant);
  const std::string where = Where(query, statement) + And(query.filter.lookups, statement);
  const std::string text =
      fmt::format("SELECT 1 FROM {} WHERE {} ORDER BY {} OFFSET {} LIMIT 1",
                  query.declaration->table(), where, OrderBy(*query.order), kRowBudget);
  return !RunStatement(tx, query, query.type->budget_name, text, statement.params).empty();
}

absl::Status TooExpensive(const Query& query) {
  return FailedPrecondition("QUERY_TOO_EXPENSIVE",
                            fmt::format("the filter would read more than {} records along the "
                                        "order '{}'; compare a field that has an index "
                                        "with '=', or declare a lookup for it",
                                        kRowBudget, query.order->by),
                            {{"order_by", query.order->by},
                             {"index", fmt::format("{} (tenant_id, <field of the filter>)",
                                                   query.declaration->table())}});
}

// As many rows as the page may have, fewer where they are so large that an answer could not hold
// them.
ListPage ReadPage(const Query& query, const pg::Rows& rows) {
  const auto page_size = static_cast<std::size_t>(query.page_size);
  ListPage page{.arena = NewArena()};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < std::min(rows.size(), page_size); ++i) {
    Record record = query.type->codec.ReadRow(rows, i, page.arena);
    bytes += record.message->ByteSizeLong() + kRecordOverhead;
    if (i > 0 && bytes > kPageBytesMax) break;
    page.records.push_back(std::move(record));
  }
  return page;
}

absl::StatusOr<ListPage> Run(pg::Tx& tx, const Call& call, const Query& query,
                             const PageTokens& tokens) {
  Statement statement;
  statement.params.Tenant(call.principal.tenant);
  const std::string text = Text(query, statement);
  const pg::Rows rows = RunStatement(tx, query, query.type->list_name, text, statement.params);
  ListPage page = ReadPage(query, rows);
  const std::size_t count = page.records.size();
  if (count == rows.size()) {
    if (query.filter.rest.root.has_value() && ExceedsBudget(tx, query, call.principal.tenant))
      return TooExpensive(query);
    return page;
  }
  PageCursor cursor;
  cursor.query = query.digest;
  const std::size_t columns = rows.Columns() - query.order->columns.size();
  for (std::size_t i = 0; i < query.order->columns.size(); ++i)
    cursor.last.emplace_back(rows.String(count - 1, columns + i));
  cursor.last.emplace_back(rows.String(count - 1, 0));
  page.next_page_token = tokens.Make(call, cursor);
  return page;
}

Sha256Digest DigestOf(const Query& query) {
  const ListRequest& request = query.request;
  return Sha256(fmt::format("{}\n{}\n{}\n{}\n{}", query.declaration->type(), request.parent,
                            request.filter, query.order->by,
                            request.show_deleted == ShowDeleted::kYes));
}

// The indexes of all orders but the name leave deleted records out and begin with the parent.
bool GoesByNameAlone(const ListRequest& request, const Declaration& declaration) {
  return request.show_deleted == ShowDeleted::kYes ||
         declaration.pattern().IsAnyParent(request.parent);
}

// Null for an order that this list does not have.
const Order* OrderOf(const ListRequest& request, const Declaration& declaration) {
  if (!GoesByNameAlone(request, declaration)) return declaration.FindOrder(request.order_by);
  const Order* by_name = declaration.FindOrder(kByName);
  const bool other =
      !Trim(request.order_by).empty() && declaration.FindOrder(request.order_by) != by_name;
  return other ? nullptr : by_name;
}

std::string OrdersOf(const ListRequest& request, const Declaration& declaration) {
  if (GoesByNameAlone(request, declaration))
    return fmt::format("with deleted records, or over all parents, only '{}'", kByName);
  std::string orders;
  for (const Order& order : declaration.orders())
    orders += fmt::format("{}'{}'", orders.empty() ? "" : ", ", order.by);
  return orders;
}

absl::Status Check(const ListRequest& request, const Declaration& declaration,
                   Violations& violations) {
  if (request.page_size < 0) violations.Add("page_size", "OUT_OF_RANGE", "is negative");
  if (!declaration.pattern().IsAnyParent(request.parent) &&
      !declaration.pattern().MatchesParent(request.parent))
    violations.Add("parent", "PARENT_INVALID",
                   fmt::format("'{}' is not a parent of {}", request.parent, declaration.type()));
  if (OrderOf(request, declaration) == nullptr)
    violations.Add("order_by", "ORDER_UNKNOWN",
                   fmt::format("'{}' is not an order of this list; it has {}", request.order_by,
                               OrdersOf(request, declaration)));
  return violations.ToStatus();
}

}  // namespace

std::shared_ptr<pbuf::Message> ListPage::MoveInto(const pbuf::Message& prototype,
                                                  const pbuf::FieldDescriptor* field) {
  std::shared_ptr<pbuf::Message> response(arena, prototype.New(arena.get()));
  const pbuf::Reflection& reflection = *response->GetReflection();
  for (const Record& record : records) {
    // The page alone has them so far: nobody else sees that they change hands.
    auto* moved = const_cast<pbuf::Message*>(record.message.get());
    reflection.AddAllocatedMessage(response.get(), field, moved);
  }
  records.clear();
  return response;
}

Lister::Lister(pg::Database& database, const PageTokens& tokens,
               std::span<const Declaration* const> declarations)
    : database_(database), tokens_(tokens) {
  for (const Declaration* declaration : declarations) types_.try_emplace(declaration, *declaration);
}

absl::StatusOr<ListPage> Lister::List(const Call& call, const Declaration& declaration,
                                      const ListRequest& request) const {
  Violations violations;
  LOTURA_RETURN_IF_ERROR(Check(request, declaration, violations));
  const auto type = types_.find(&declaration);
  LOTURA_CHECK(type != types_.end());
  Query query;
  query.declaration = &declaration;
  query.type = &type->second;
  query.order = OrderOf(request, declaration);
  query.request = request;
  query.page_size =
      request.page_size == 0 ? kPageSizeDefault : std::min(request.page_size, kPageSizeMax);
  LOTURA_ASSIGN_OR_RETURN(const Filter filter,
                          CompileFilter(request.filter, declaration, call.now));
  query.filter = SplitByLookups(filter);
  query.digest = DigestOf(query);
  if (!request.page_token.empty()) {
    LOTURA_ASSIGN_OR_RETURN(query.after, tokens_.Open(call, request.page_token, query.digest));
    if (query.after->last.size() != query.order->columns.size() + 1)
      return InvalidArgument("page_token", "PAGE_TOKEN_INVALID", "is not a token of this list");
  }
  return database_.Read(call.deadline, [&](pg::Tx& tx) { return Run(tx, call, query, tokens_); });
}

}  // namespace lotura::resource
