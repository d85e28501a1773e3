// The syntax tree of a filter (AIP-160), before any field is looked up.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lotura::resource {

enum class Quoting { kNone, kQuoted };

// A TEXT or STRING of the grammar.
struct FilterWord {
  // Without quotes and escapes.
  std::string text;
  Quoting quoting = Quoting::kNone;
  // Offsets in `text` of each `*` that stands for any characters; an escaped one is not among them.
  std::vector<std::size_t> stars;
  // Which character of the filter it begins with, counted from 1.
  std::size_t position = 1;
};

enum class FilterComparator {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kHas,
};

// One node of the tree, with all that is below it.
struct FilterSyntax {
  enum class Kind {
    kAnd,         // of two children or more; a sequence of terms is one as well
    kOr,          // of two children or more
    kNot,         // of one child
    kComparison,  // two children: a member or a call, and the member, call or expression in
                  // parentheses
    kMember,      // `words` joined by dots: a field, or a literal
    kCall,        // a function named by `words`; its arguments are the children
  };

  Kind kind = Kind::kMember;
  FilterComparator comparator = FilterComparator::kEqual;
  std::vector<FilterWord> words;
  std::vector<FilterSyntax> children;
  std::size_t position = 1;
};

// A filter as it was written; without a root it lets everything pass.
struct FilterAst {
  std::optional<FilterSyntax> root;
};

}  // namespace lotura::resource
