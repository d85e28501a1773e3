// The statements of a list: how its rows are reached at the same cost whatever their number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/crypto.h"
#include "libs/pg/params.h"
#include "libs/resource/codec.h"
#include "libs/resource/filter_check.h"
#include "libs/resource/lister.h"
#include "libs/resource/page_token.h"
#include "libs/resource/record_reach.h"

namespace lotura::resource {

// What a list is asked for; each call has its own.
struct ListQuery {
  const Declaration* declaration = nullptr;
  const Lister::Type* type = nullptr;
  const Order* order = nullptr;
  ListRequest request;
  SplitFilter filter;
  // Of all records those that the caller may see, and what the list asks of them with them.
  Filter records;
  std::optional<PageCursor> after;
  // Where these lie, if they are not spread over all, and the names of those that are shared.
  std::optional<RecordReach> reach;
  std::vector<std::string> shared;
  // Everything that must stay the same from page to page.
  Sha256Digest digest{};
  std::int64_t page_size = 0;
};

// How the rows of a list are reached.
struct ListPath {
  enum class Kind {
    // Along the index of the order.
    kOrder,
    // Along the index that the order has within one value of a lookup.
    kWithin,
    // Those with one value of a lookup, which are few, and sorted afterwards.
    kFew,
    // Along the indexes that the order has within each of some owners, merged with some records by
    // their names.
    kReach,
  };
  Kind kind = Kind::kOrder;
  // Of the filter; null along the order.
  const FilterTest* lookup = nullptr;
  // Of kReach.
  RecordReach reach = {};
  std::vector<std::string> shared = {};
  // So many records of each owner are looked at for a page: an owner who has as many in it may have
  // more. 0: a whole page of each.
  std::int64_t of_each = 0;
  // So many rows may be read before the rest of the filter.
  std::int64_t rows_max = kRowBudget;
};

// Whether this path needs no count of rows: the order has an index within the lookup, or there is
// no lookup.
std::optional<ListPath> PathWithoutCount(const ListQuery& query);
// Along the records that the caller may see, if the order has an index within an owner, no lookup
// leads to fewer, and a page of each of the owners is within the budget.
std::optional<ListPath> PathOfReach(const ListQuery& query);
// For a filter none of whose lookups has few rows.
ListPath PathOfMany(const ListQuery& query);
// Whether the value has one live row at most, or none.
bool IsOneRow(const ListQuery& query, const FilterTest& lookup);

struct ListStatement {
  std::string text;
  pg::Params params;
};

// Whether no row of the path is one that the caller may not see.
bool LeadsToRecords(const ListPath& path);
// Whether rows of several places of the table are merged.
bool Merges(const ListPath& path);

// The names of the records that are shared so that they are reached, and of one more than a few.
ListStatement SharedStatement(const ListQuery& query, const TenantId& tenant);
// The records of the page and one more, each followed by the values of the order's fields.
ListStatement PageStatement(const ListQuery& query, const ListPath& path, const TenantId& tenant);
// One row if more rows lie before the filter than the budget allows to read. Nothing if there is no
// filter, or no path that may be long.
std::optional<ListStatement> BudgetStatement(const ListQuery& query, const ListPath& path,
                                             const TenantId& tenant);
// One row if more than a few rows have this value of a lookup.
ListStatement ManyStatement(const ListQuery& query, const FilterTest& lookup,
                            const TenantId& tenant);
// Whether conditions are left that the path does not answer.
bool HasRest(const ListQuery& query, const ListPath& path);
// The index with which the filter would need no budget.
std::string MissingIndex(const ListQuery& query);

}  // namespace lotura::resource
