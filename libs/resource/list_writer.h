// Writes the parts of a list's statement, and adds their parameters one by one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/resource/filter_sql.h"
#include "libs/resource/list_query.h"

namespace lotura::resource {

// What a part of a statement reads, in the order of the list.
enum class ListPart {
  // Along the index of the order; on a path with a lookup the rows with its value.
  kOrder,
  // The rows of each owner that is reached, one owner after the other.
  kOwners,
  // The rows without an owner.
  kUnowned,
  // The shared rows that are reached and belong to no other part.
  kShared,
};

// For one statement. The query and the path outlive it.
class ListWriter {
 public:
  ListWriter(const ListQuery& query, const ListPath& path, const TenantId& tenant);

  // What follows FROM: the rows of the part that the list shows.
  std::string Rows(ListPart part);
  // "SELECT ...": the first `limit` of them, of kOwners of each owner.
  std::string First(ListPart part, std::int64_t limit);
  // "SELECT ...": the places and names of the first `limit` of them, of kOwners of each owner,
  // whose name is the column key_owner.
  std::string Keys(ListPart part, std::int64_t limit);
  // "SELECT 1 ...": a row if the part has more rows than may be read before the rest of the filter.
  std::string Budget(ListPart part);
  // "SELECT 1 ...": a row if more than a few rows have the lookup's value.
  std::string Many();

  ListStatement Finish(std::string text) { return {std::move(text), std::move(statement_.params)}; }

 private:
  std::string InPlace(ListPart part);
  std::string SharedRows();
  std::string Listed();
  std::string Place(ListPart part);
  std::string Filtered();
  std::string Rest();
  std::string WithLookup() const;
  std::string OfNoOtherPart();
  std::string OfEachOwner(std::string_view rows);
  std::string Bound(ListPart part, std::string_view comparison,
                    const std::vector<std::string>& values);
  std::vector<std::string> Last();
  std::string And(const Filter& filter);

  // The column by which the part's index is ordered before the order; null if there is none.
  [[nodiscard]] const Column* WithinOf(ListPart part) const;
  // The value of it that the rows have; empty if they have none.
  [[nodiscard]] std::string ValueOf(ListPart part) const;
  [[nodiscard]] bool HasOneParent() const;

  std::string Add(const SqlFragment& fragment);
  std::string Text(std::string_view value);
  std::string Texts(const std::vector<std::string>& values);
  // The owners as a parameter. One that the statement does not use has no type: it is added when it
  // is first needed.
  std::string Owners();
  [[nodiscard]] std::size_t Next() const { return statement_.params.values().size() + 1; }

  const ListQuery& query_;
  const ListPath& path_;
  ListStatement statement_;
  // The lookup's value, and the owners, as parameters.
  std::string lookup_;
  std::string owners_;
};

}  // namespace lotura::resource
