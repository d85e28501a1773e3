#include "libs/resource/lister.h"

#include <fmt/format.h>

#include <utility>

#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/base/text.h"
#include "libs/mutant/use.h"
#include "libs/resource/list_query.h"
#include "libs/resource/rights.h"

namespace lotura::resource {
namespace {

// What the records of a page may take, which leaves room for the token, and what each takes beside
// its own bytes.
constexpr std::size_t kPageBytesMax = kMessageBytesMax - (16 << 10);
constexpr std::size_t kRecordOverhead = 8;
// What a record takes as a message, by what its row does, at most: a time of 8 bytes, which cost 20
// there, takes 17.
constexpr std::size_t kGrowthMax = 4;

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
  const std::optional<ListStatement> budget = BudgetStatement(query, path, tenant);
  return budget.has_value() && !RunStatement(tx, query.type->budget_name, *budget).empty();
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

// Parts whose rows are cut at different places of the order, before the rest of the filter, have no
// page in common: then it is read along the order.
ListPath ChoosePath(pg::Tx& tx, const Query& query, const TenantId& tenant) {
  std::optional<ListPath> reach = PathOfReach(query);
  if (!reach.has_value()) return PathOf(tx, query, tenant);
  const bool cut = Merges(*reach) && ExceedsBudget(tx, query, *reach, tenant);
  return cut ? PathOf(tx, query, tenant) : *std::move(reach);
}

// As many rows as the page may have, fewer where they are so large that an answer could not hold
// them.
ListPage ReadPage(const Query& query, const pg::Rows& rows, const View& view) {
  const auto page_size = static_cast<std::size_t>(query.page_size);
  ListPage page{.arena = NewArena()};
  const bool may_be_large = rows.MemoryBytes() * kGrowthMax > kPageBytesMax;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < std::min(rows.size(), page_size); ++i) {
    Record record = query.type->codec.ReadRow(rows, i, page.arena);
    // Nobody else has it so far.
    auto& message = const_cast<pbuf::Message&>(*record.message);
    if (!mutant::Omits("list.fields")) view.Mask(message);
    if (may_be_large) bytes += record.message->ByteSizeLong() + kRecordOverhead;
    if (i > 0 && bytes > kPageBytesMax) break;
    page.records.push_back(std::move(record));
  }
  return page;
}

pg::Rows ReadRows(pg::Tx& tx, const Query& query, const ListPath& path, const TenantId& tenant) {
  return RunStatement(tx, query.type->list_name, PageStatement(query, path, tenant));
}

// Whether an owner has as many records on the page as were looked at of him: more of his may belong
// there.
bool MayLack(const Query& query, const ListPath& path, const pg::Rows& rows) {
  if (path.of_each == 0) return false;
  // Before the values of the order.
  const std::size_t column = rows.Columns() - query.order->columns.size() - 1;
  std::map<std::string_view, std::int64_t> of_owner;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows.IsNull(i, column) && ++of_owner[rows.Text(i, column)] >= path.of_each) return true;
  }
  return false;
}

pg::Rows ReadAll(pg::Tx& tx, const Query& query, ListPath path, const TenantId& tenant) {
  pg::Rows rows = ReadRows(tx, query, path, tenant);
  if (!MayLack(query, path, rows)) return rows;
  path.of_each = 0;
  return ReadRows(tx, query, path, tenant);
}

// Whoever may see the records of many finds most pages along the order, among those of others.
std::optional<pg::Rows> LookAlongOrder(pg::Tx& tx, const Query& query, const TenantId& tenant) {
  pg::Rows rows = ReadRows(tx, query, {.rows_max = kFirstLookRows}, tenant);
  if (rows.size() > static_cast<std::size_t>(query.page_size)) return rows;
  return std::nullopt;
}

absl::StatusOr<ListPage> Run(pg::Tx& tx, const Call& call, const Query& query, const View& view,
                             const PageTokens& tokens) {
  const TenantId& tenant = call.principal.tenant;
  const ListPath path = ChoosePath(tx, query, tenant);
  std::optional<pg::Rows> found;
  if (path.reach.owners.size() > kOwnersFew) found = LookAlongOrder(tx, query, tenant);
  const pg::Rows rows = found.has_value() ? *found : ReadAll(tx, query, path, tenant);
  ListPage page = ReadPage(query, rows, view);
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

std::set<const Column*> ColumnsOf(const Order& order) {
  return {order.columns.begin(), order.columns.end()};
}

// Where the caller leaves the order open, it is the first one that leaves out no record that he may
// read: of one whose fields are hidden he would learn where it stands.
const Order* ShownOrderOf(const ListRequest& request, const Declaration& declaration,
                          const View& view) {
  const Order* order = OrderOf(request, declaration);
  if (!Trim(request.order_by).empty() || view.ShowsAlways(ColumnsOf(*order))) return order;
  const auto shown = std::ranges::find_if(
      declaration.orders(), [&](const Order& other) { return view.ShowsAlways(ColumnsOf(other)); });
  // The name is never hidden.
  return &*shown;
}

// Those that the caller may read, with all that he asked for.
Filter RecordsFor(const View& view, const std::set<const Column*>& asked) {
  if (mutant::Omits("list.records")) return {&view.declaration(), {}};
  if (mutant::Omits("list.asked")) return view.RecordsShowing({});
  return view.RecordsShowing(asked);
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

Lister::Lister(ListDatabases databases, const PageTokens& tokens,
               std::span<const Declaration* const> declarations)
    : databases_(databases), tokens_(tokens) {
  for (const Declaration* declaration : declarations) types_.try_emplace(declaration, *declaration);
}

// Of what is shared with the caller the names are found before the page, among which it lies. Where
// they are many, it is read along the order.
absl::Status Lister::FindReach(const Call& call, ListQuery& query) const {
  query.reach = ReachOf(query.records);
  if (!query.reach.has_value() || query.reach->shares.empty()) return absl::OkStatus();
  const ListStatement statement = SharedStatement(query, call.principal.tenant);
  LOTURA_ASSIGN_OR_RETURN(
      const pg::Rows names, databases_.shares.Read(call.deadline, [&](pg::Tx& tx) {
        return absl::StatusOr<pg::Rows>(RunStatement(tx, query.type->shared_name, statement));
      }));
  if (std::cmp_greater(names.size(), kFewRows)) query.reach.reset();
  for (std::size_t i = 0; query.reach.has_value() && i < names.size(); ++i)
    query.shared.emplace_back(names.String(i, 0));
  return absl::OkStatus();
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
  const ViewPtr view = ViewFor(call.principal, declaration);
  query.order = ShownOrderOf(request, declaration, *view);
  query.request = request;
  query.page_size =
      request.page_size == 0 ? kPageSizeDefault : std::min(request.page_size, kPageSizeMax);
  LOTURA_ASSIGN_OR_RETURN(const Filter filter,
                          CompileFilter(request.filter, declaration, call.now));
  query.filter = SplitByLookups(filter);
  std::set<const Column*> asked = ColumnsOf(filter);
  if (!mutant::Omits("list.filter")) LOTURA_RETURN_IF_ERROR(CheckShown(*view, asked, "filter"));
  if (!mutant::Omits("list.order"))
    LOTURA_RETURN_IF_ERROR(CheckShown(*view, ColumnsOf(*query.order), "order_by"));
  asked.merge(ColumnsOf(*query.order));
  asked.insert(request.must_show.begin(), request.must_show.end());
  query.records = RecordsFor(*view, asked);
  LOTURA_RETURN_IF_ERROR(FindReach(call, query));
  query.digest = DigestOf(query);
  if (!request.page_token.empty()) {
    LOTURA_ASSIGN_OR_RETURN(query.after, tokens_.Open(call, request.page_token, query.digest));
    if (query.after->last.size() != query.order->columns.size() + 1)
      return InvalidArgument("page_token", "PAGE_TOKEN_INVALID", "is not a token of this list");
  }
  return databases_.lists.Read(call.deadline,
                               [&](pg::Tx& tx) { return Run(tx, call, query, *view, tokens_); });
}

}  // namespace lotura::resource
