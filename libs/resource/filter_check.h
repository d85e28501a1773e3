// A filter whose fields were looked up and whose values have the types of those fields: what both
// back ends work on.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/resource/declaration.h"
#include "libs/resource/filter_ast.h"
#include "libs/resource/filter_literal.h"

namespace lotura::resource {

// How the value at the end of a path is compared.
enum class ValueType {
  kText,
  kInteger,
  kDouble,
  kFloat,
  kBool,
  kEnum,
  kTimestamp,
  kDate,
  kMoney,
  kDuration,
  kPresenceOnly,  // any other message, and bytes
};

// One step of a path: a field of the message reached so far, and what of it is meant.
struct FilterHop {
  enum class Into {
    kValue,       // the field itself
    kAnyElement,  // some element of a repeated field
    kEntry,       // the value of the map's entry `key`
    kAnyEntry,    // some entry of a map; always the last hop, and only for its presence
  };

  const pbuf::FieldDescriptor* field = nullptr;
  Into into = Into::kValue;
  // As JSON writes it: a number or a truth value as text.
  std::string key;
};

// From the record to a value. The first hop is the column's own field.
struct FilterPath {
  const Column* column = nullptr;
  std::vector<FilterHop> hops;
  ValueType type = ValueType::kPresenceOnly;
  // As it was written, for errors.
  std::string text;
};

enum class FilterOperation {
  kPresent,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kMatches,
  kNotMatches,
  kMatchesAnyCase,  // letters A to Z equal a to z; the pattern is in lower case
  kIsOneOf,         // of texts; no filter is written so, but access is
};

// Shared by the filters that compare with it.
using TextSet = std::shared_ptr<const std::set<std::string, std::less<>>>;

using FilterValue =
    std::variant<std::monostate, std::string, std::int64_t, double, bool, Instant, CivilDate,
                 Decimal, TextPattern, TextSet, const pbuf::EnumValueDescriptor*>;

// True or false, never unknown: a test of a value that is not set is false.
struct FilterTest {
  FilterPath path;
  FilterOperation operation = FilterOperation::kPresent;
  FilterValue value;
};

struct FilterNode {
  enum class Kind { kAnd, kOr, kNot, kTest };

  Kind kind = Kind::kTest;
  std::vector<FilterNode> children;
  FilterTest test;
};

// Without a root every record passes; none passes a kOr of nothing. Refers to the declaration that
// it was made for.
struct Filter {
  const Declaration* declaration = nullptr;
  std::optional<FilterNode> root;
};

// INVALID_ARGUMENT naming the field `filter`, with one of the reasons FILTER_UNKNOWN_FIELD,
// FILTER_TYPE, FILTER_UNKNOWN_FUNCTION and FILTER_UNSUPPORTED. `now` is what now() and daysAgo()
// count from; without it they are refused.
absl::StatusOr<Filter> CheckFilter(const FilterAst& ast, const Declaration& declaration,
                                   std::optional<Instant> now);

// The columns that the filter speaks of.
std::set<const Column*> ColumnsOf(const Filter& filter);

// A filter in two parts that both must hold: the terms of the outermost AND that compare a lookup
// of the declaration with "=", and all others.
struct SplitFilter {
  Filter lookups;
  Filter rest;
};
SplitFilter SplitByLookups(const Filter& filter);
// The comparisons of lookups, each of which must hold; they point into `filter`.
std::vector<const FilterTest*> LookupsOf(const SplitFilter& filter);

// Parses and checks.
absl::StatusOr<Filter> CompileFilter(std::string_view text, const Declaration& declaration,
                                     std::optional<Instant> now);

}  // namespace lotura::resource
