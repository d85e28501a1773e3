// The statements of a list: how its rows are reached at the same cost whatever their number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libs/base/crypto.h"
#include "libs/pg/params.h"
#include "libs/resource/codec.h"
#include "libs/resource/filter_check.h"
#include "libs/resource/lister.h"
#include "libs/resource/page_token.h"

namespace lotura::resource {

// What a list is asked for; each call has its own.
struct ListQuery {
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

// How the rows of a list are reached.
struct ListPath {
  enum class Kind {
    // Along the index of the order.
    kOrder,
    // Along the index that the order has within one value of a lookup.
    kWithin,
    // Those with one value of a lookup, which are few, and sorted afterwards.
    kFew,
  };
  Kind kind = Kind::kOrder;
  // Of the filter; null along the order.
  const FilterTest* lookup = nullptr;
};

// Whether this path needs no count of rows: the order has an index within the lookup, or there is
// no lookup.
std::optional<ListPath> PathWithoutCount(const ListQuery& query);
// For a filter none of whose lookups has few rows.
ListPath PathOfMany(const ListQuery& query);
// Whether the value has one live row at most, or none.
bool IsOneRow(const ListQuery& query, const FilterTest& lookup);

struct ListStatement {
  std::string text;
  pg::Params params;
};

// The records of the page and one more, each followed by the values of the order's fields.
ListStatement PageStatement(const ListQuery& query, const ListPath& path, const TenantId& tenant);
// One row if more rows lie before the filter than the budget allows to read.
ListStatement BudgetStatement(const ListQuery& query, const ListPath& path, const TenantId& tenant);
// One row if more than a few rows have this value of a lookup.
ListStatement ManyStatement(const ListQuery& query, const FilterTest& lookup,
                            const TenantId& tenant);
// Whether conditions are left that the path does not answer.
bool HasRest(const ListQuery& query, const ListPath& path);
// The index with which the filter would need no budget.
std::string MissingIndex(const ListQuery& query);

}  // namespace lotura::resource
