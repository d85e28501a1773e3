#include "libs/resource/lister.h"

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/base/text.h"
#include "libs/resource/list_query.h"

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

using Query = ListQuery;

// The path is the same whatever the server knows of the values, so a plan is made once.
pg::Rows RunStatement(pg::Tx& tx, const std::string& name, const ListStatement& statement) {
  return tx.RunBuilt(name.c_str(), statement.text, statement.params);
}

ListPath PathOf(pg::Tx& tx, const Query& query, const TenantId& tenant) {
  if (const std::optional<ListPath> path = PathWithoutCount(query)) return *path;
  for (const FilterTest* lookup : LookupsOf(query.filter)) {
    if (IsOneRow(query, *lookup) ||
        RunStatement(tx, query.type->many_name, ManyStatement(query, *lookup, tenant)).empty())
      return {ListPath::Kind::kFew, lookup};
  }
  return PathOfMany(query);
}

// Whether more rows lie before the filter than the budget allows to read.
bool ExceedsBudget(pg::Tx& tx, const Query& query, const ListPath& path, const TenantId& tenant) {
  return path.kind != ListPath::Kind::kFew && HasRest(query, path) &&
         !RunStatement(tx, query.type->budget_name, BudgetStatement(query, path, tenant)).empty();
}

absl::Status TooExpensive(const Query& query) {
  const std::string index = MissingIndex(query);
  return FailedPrecondition(
      "QUERY_TOO_EXPENSIVE",
      fmt::format(
          "the filter would read more than {} records along the order '{}'; compare a field "
          "that has an index with '=', or declare the one that is missing: {}",
          kRowBudget, query.order->by, index),
      {{"order_by", query.order->by}, {"index", index}});
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
  const TenantId& tenant = call.principal.tenant;
  const ListPath path = PathOf(tx, query, tenant);
  const pg::Rows rows = RunStatement(tx, query.type->list_name, PageStatement(query, path, tenant));
  ListPage page = ReadPage(query, rows);
  const std::size_t count = page.records.size();
  if (count == rows.size()) {
    if (ExceedsBudget(tx, query, path, tenant)) return TooExpensive(query);
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
