// Lists: keyset pages along a declared order, at the same cost whatever the number of records.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/base/call.h"
#include "libs/pg/database.h"
#include "libs/resource/codec.h"
#include "libs/resource/page_token.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// Records of a page: what a request without a size gets, and what a larger one is cut to.
inline constexpr std::int32_t kPageSizeDefault = 50;
inline constexpr std::int32_t kPageSizeMax = 1000;
// Records that a filter without an index of its own may read along the order.
inline constexpr std::int64_t kRowBudget = 100'000;
// So many records with one value of a lookup are read and sorted, for an order that has no index
// within it; and so many that are shared with the caller.
inline constexpr std::int64_t kFewRows = 1'000;
// Under a view of some owners' records: so many owners are read one by one at once; of more only if
// a first look along the order, of the second number of rows, does not fill the page.
inline constexpr std::size_t kOwnersFew = 64;
inline constexpr std::int64_t kFirstLookRows = 2'000;

enum class ShowDeleted { kNo, kYes };

struct ListRequest {
  std::string parent;
  std::string filter;
  std::string order_by;
  std::string page_token;
  std::int32_t page_size = 0;
  ShowDeleted show_deleted = ShowDeleted::kNo;
  // Records of which the caller may not read one of these are left out, as if a filter spoke of it.
  std::set<const Column*> must_show = {};
};

struct ListPage {
  // All records of a page lie here.
  std::shared_ptr<pbuf::Arena> arena;
  std::vector<Record> records;
  std::string next_page_token;

  // A response of the type of `prototype` that has the records in `field`, without a copy of them.
  // The page is empty afterwards.
  std::shared_ptr<pbuf::Message> MoveInto(const pbuf::Message& prototype,
                                          const pbuf::FieldDescriptor* field);
};

struct ListQuery;

struct ListDatabases {
  // Opened with PlanFor::kLists.
  pg::Database& lists;
  // Opened with PlanFor::kSets; for what is shared with the caller.
  pg::Database& shares;
};

// Thread-safe.
class Lister {
 public:
  // What is known of a record type from the start: its columns, and its statements' metric labels.
  struct Type {
    explicit Type(const Declaration& declaration)
        : codec(declaration),
          list_name(declaration.table() + ".List"),
          budget_name(declaration.table() + ".Budget"),
          many_name(declaration.table() + ".Many"),
          shared_name(declaration.table() + ".Shared") {}

    Codec codec;
    std::string list_name;
    std::string budget_name;
    std::string many_name;
    std::string shared_name;
  };

  Lister(ListDatabases databases, const PageTokens& tokens,
         std::span<const Declaration* const> declarations);

  // What the caller may see, and of it what he may. INVALID_ARGUMENT naming the wrong field,
  // FIELD_HIDDEN for one that he may not read; FAILED_PRECONDITION QUERY_TOO_EXPENSIVE if the
  // filter would read more than the budget. Lists with deleted records and lists over all parents
  // go by name.
  absl::StatusOr<ListPage> List(const Call& call, const Declaration& declaration,
                                const ListRequest& request) const;

 private:
  absl::Status FindReach(const Call& call, ListQuery& query) const;

  ListDatabases databases_;
  const PageTokens& tokens_;
  std::map<const Declaration*, Type> types_;
};

}  // namespace lotura::resource
