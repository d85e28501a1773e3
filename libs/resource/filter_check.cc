#include "libs/resource/filter_check.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "libs/resource/filter_parser.h"
#include "libs/resource/filter_path.h"

namespace lotura::resource {
namespace {

using Kind = FilterSyntax::Kind;

// The fields that a literal without a field searches, of those that the record has.
constexpr std::string_view kSearchedFields[] = {"display_name", "title", "subject", "given_name",
                                                "family_name"};
constexpr std::int64_t kDaysMax = 36'500;

FilterNode ToNode(FilterTest test) {
  FilterNode node;
  node.test = std::move(test);
  return node;
}

// "com.example" was read as two words.
absl::StatusOr<FilterWord> ToLiteral(const FilterSyntax& member) {
  FilterWord literal = member.words.front();
  for (std::size_t i = 1; i < member.words.size(); ++i) {
    const FilterWord& word = member.words[i];
    if (word.quoting == Quoting::kQuoted || literal.quoting == Quoting::kQuoted) {
      return RefuseFilter("FILTER_TYPE", word.position, "a value cannot have fields");
    }
    literal.text += '.';
    for (const std::size_t star : word.stars) literal.stars.push_back(literal.text.size() + star);
    literal.text += word.text;
  }
  return literal;
}

// Everything that contains the text; stars in it stand for anything.
TextPattern Containing(const FilterWord& literal) {
  TextPattern pattern{{""}};
  std::size_t from = 0;
  const std::string lower = ToLowerAscii(literal.text);
  for (const std::size_t star : literal.stars) {
    pattern.pieces.push_back(lower.substr(from, star - from));
    from = star + 1;
  }
  pattern.pieces.push_back(lower.substr(from));
  pattern.pieces.emplace_back();
  return pattern;
}

class Checker {
 public:
  Checker(const Declaration& declaration, std::optional<Instant> now)
      : declaration_(declaration), now_(now) {}

  absl::StatusOr<FilterNode> Check(const FilterSyntax& syntax) {
    switch (syntax.kind) {
      case Kind::kAnd:
      case Kind::kOr:
      case Kind::kNot:
        return Combine(syntax, [this](const FilterSyntax& child) { return Check(child); });
      case Kind::kComparison:
        return Comparison(syntax);
      case Kind::kMember:
        return Search(syntax);
      case Kind::kCall:
        return Call(syntax);
    }
    return Internal("syntax tree of an unknown kind");
  }

 private:
  // The same combination, of what `check` makes of the children.
  template <typename CheckChild>
  static absl::StatusOr<FilterNode> Combine(const FilterSyntax& syntax, const CheckChild& check) {
    FilterNode node;
    node.kind = syntax.kind == Kind::kAnd  ? FilterNode::Kind::kAnd
                : syntax.kind == Kind::kOr ? FilterNode::Kind::kOr
                                           : FilterNode::Kind::kNot;
    for (const FilterSyntax& child : syntax.children) {
      LOTURA_ASSIGN_OR_RETURN(FilterNode checked, check(child));
      node.children.push_back(std::move(checked));
    }
    return node;
  }

  absl::StatusOr<FilterNode> Comparison(const FilterSyntax& syntax) {
    const FilterSyntax& left = syntax.children[0];
    if (left.kind != Kind::kMember) {
      return RefuseFilter("FILTER_TYPE", left.position, "a comparison begins with a field");
    }
    LOTURA_ASSIGN_OR_RETURN(const FilterPath path, ResolveFilterPath(left.words, declaration_));
    return Compare(path, syntax.comparator, syntax.children[1]);
  }

  // `field = (a OR b)` compares with each.
  absl::StatusOr<FilterNode> Compare(const FilterPath& path, FilterComparator comparator,
                                     const FilterSyntax& right) {
    switch (right.kind) {
      case Kind::kAnd:
      case Kind::kOr:
      case Kind::kNot:
        return Combine(right,
                       [&](const FilterSyntax& child) { return Compare(path, comparator, child); });
      case Kind::kComparison:
        return RefuseFilter("FILTER_TYPE", right.position,
                            "a field is compared with values, not with a comparison");
      case Kind::kMember:
        return CompareWithMember(path, comparator, right);
      case Kind::kCall: {
        LOTURA_ASSIGN_OR_RETURN(const Instant instant, PointInTime(right));
        LOTURA_ASSIGN_OR_RETURN(FilterTest test,
                                CompareWithInstant(path, comparator, instant, right.position));
        return ToNode(std::move(test));
      }
    }
    return Internal("syntax tree of an unknown kind");
  }

  absl::StatusOr<FilterNode> CompareWithMember(const FilterPath& path, FilterComparator comparator,
                                               const FilterSyntax& member) {
    LOTURA_ASSIGN_OR_RETURN(const FilterWord literal, ToLiteral(member));
    if (comparator == FilterComparator::kHas) {
      LOTURA_ASSIGN_OR_RETURN(std::optional<FilterPath> present, ResolvePresence(path, literal));
      if (present.has_value()) {
        return ToNode(
            {.path = std::move(*present), .operation = FilterOperation::kPresent, .value = {}});
      }
    }
    LOTURA_ASSIGN_OR_RETURN(FilterTest test, CompareWithLiteral(path, comparator, literal));
    return ToNode(std::move(test));
  }

  // A literal alone: some of the fields that name the record contains it.
  absl::StatusOr<FilterNode> Search(const FilterSyntax& member) {
    LOTURA_ASSIGN_OR_RETURN(const FilterWord literal, ToLiteral(member));
    FilterNode any;
    any.kind = FilterNode::Kind::kOr;
    for (const std::string_view name : kSearchedFields) {
      const Column* column = declaration_.FindColumn(name);
      if (column == nullptr || column->type != ColumnType::kText) continue;
      LOTURA_ASSIGN_OR_RETURN(
          FilterPath path,
          ResolveFilterPath(std::vector{FilterWord{.text = column->name}}, declaration_));
      any.children.push_back(ToNode({.path = std::move(path),
                                     .operation = FilterOperation::kMatchesAnyCase,
                                     .value = Containing(literal)}));
    }
    if (any.children.empty()) {
      return RefuseFilter(
          "FILTER_UNSUPPORTED", literal.position,
          fmt::format("{} has no field in which '{}' could be searched: write field = value",
                      declaration_.message()->name(), ShortForError(literal.text)));
    }
    return any;
  }

  static std::string NameOf(const FilterSyntax& call) {
    std::string name;
    for (const FilterWord& word : call.words) name += name.empty() ? word.text : "." + word.text;
    return name;
  }

  static absl::Status UnknownFunction(const FilterSyntax& call, std::string_view name,
                                      std::string_view known) {
    return RefuseFilter(
        "FILTER_UNKNOWN_FUNCTION", call.position,
        fmt::format("there is no function {}() here, only {}", ShortForError(name), known));
  }

  // startsWith(field, "text"), contains(field, "text")
  absl::StatusOr<FilterNode> Call(const FilterSyntax& call) {
    const std::string name = NameOf(call);
    const bool starts = name == "startsWith";
    if (!starts && name != "contains")
      return UnknownFunction(call, name, "startsWith() and contains()");
    if (call.children.size() != 2 || call.children[0].kind != Kind::kMember ||
        call.children[1].kind != Kind::kMember) {
      return RefuseFilter("FILTER_TYPE", call.position,
                          fmt::format("{}() takes a field and a text", name));
    }
    LOTURA_ASSIGN_OR_RETURN(FilterPath path,
                            ResolveFilterPath(call.children[0].words, declaration_));
    LOTURA_ASSIGN_OR_RETURN(FilterWord literal, ToLiteral(call.children[1]));
    if (path.type != ValueType::kText) {
      return RefuseFilter(
          "FILTER_TYPE", call.position,
          fmt::format("{}() needs a text, '{}' is none", name, ShortForError(path.text)));
    }
    literal.stars.clear();
    FilterTest test{.path = std::move(path), .operation = FilterOperation::kMatches, .value = {}};
    if (starts) {
      test.value = TextPattern{{literal.text, ""}};
    } else {
      test.operation = FilterOperation::kMatchesAnyCase;
      test.value = Containing(literal);
    }
    return ToNode(std::move(test));
  }

  // now(), daysAgo(7)
  absl::StatusOr<Instant> PointInTime(const FilterSyntax& call) {
    const std::string name = NameOf(call);
    if ((name == "now" || name == "daysAgo") && !now_.has_value())
      return RefuseFilter("FILTER_UNSUPPORTED", call.position,
                          "what may be seen does not follow from the present time");
    if (name == "now") {
      if (!call.children.empty())
        return RefuseFilter("FILTER_TYPE", call.position, "now() takes no argument");
      return *now_;
    }
    if (name != "daysAgo") return UnknownFunction(call, name, "now() and daysAgo()");
    DecimalResult days;
    if (call.children.size() == 1 && call.children[0].kind == Kind::kMember) {
      LOTURA_ASSIGN_OR_RETURN(const FilterWord literal, ToLiteral(call.children[0]));
      days = ParseDecimal(literal.text);
    }
    if (!days.value.has_value() || days.value->nanos != 0 || days.value->units < -kDaysMax ||
        days.value->units > kDaysMax) {
      return RefuseFilter(
          "FILTER_TYPE", call.position,
          fmt::format("daysAgo() takes a whole number of days from -{0} to {0}", kDaysMax));
    }
    return *now_ - std::chrono::days(days.value->units);
  }

  const Declaration& declaration_;
  const std::optional<Instant> now_;
};

}  // namespace

absl::StatusOr<Filter> CheckFilter(const FilterAst& ast, const Declaration& declaration,
                                   std::optional<Instant> now) {
  Filter filter{.declaration = &declaration, .root = {}};
  if (ast.root.has_value()) {
    LOTURA_ASSIGN_OR_RETURN(filter.root, Checker(declaration, now).Check(*ast.root));
  }
  return filter;
}

absl::StatusOr<Filter> CompileFilter(std::string_view text, const Declaration& declaration,
                                     std::optional<Instant> now) {
  LOTURA_ASSIGN_OR_RETURN(const FilterAst ast, ParseFilter(text));
  return CheckFilter(ast, declaration, now);
}

namespace {

bool IsLookup(const FilterNode& node, const Declaration& declaration) {
  return node.kind == FilterNode::Kind::kTest && node.test.operation == FilterOperation::kEqual &&
         node.test.path.hops.size() == 1 &&
         node.test.path.hops.front().into == FilterHop::Into::kValue &&
         declaration.IsLookup(*node.test.path.column);
}

void CollectColumns(const FilterNode& node, std::set<const Column*>& columns) {
  if (node.kind == FilterNode::Kind::kTest) columns.insert(node.test.path.column);
  for (const FilterNode& child : node.children) CollectColumns(child, columns);
}

void Require(Filter& filter, FilterNode node) {
  if (!filter.root.has_value())
    filter.root = FilterNode{.kind = FilterNode::Kind::kAnd, .children = {}, .test = {}};
  filter.root->children.push_back(std::move(node));
}

void Distribute(const FilterNode& node, SplitFilter& split) {
  if (node.kind == FilterNode::Kind::kAnd) {
    for (const FilterNode& child : node.children) Distribute(child, split);
  } else {
    Require(IsLookup(node, *split.rest.declaration) ? split.lookups : split.rest, node);
  }
}

}  // namespace

std::set<const Column*> ColumnsOf(const Filter& filter) {
  std::set<const Column*> columns;
  if (filter.root.has_value()) CollectColumns(*filter.root, columns);
  return columns;
}

SplitFilter SplitByLookups(const Filter& filter) {
  SplitFilter split{.lookups = {.declaration = filter.declaration, .root = {}},
                    .rest = {.declaration = filter.declaration, .root = {}}};
  if (filter.root.has_value()) Distribute(*filter.root, split);
  return split;
}

std::vector<const FilterTest*> LookupsOf(const SplitFilter& filter) {
  std::vector<const FilterTest*> lookups;
  if (!filter.lookups.root.has_value()) return lookups;
  for (const FilterNode& node : filter.lookups.root->children) lookups.push_back(&node.test);
  return lookups;
}

}  // namespace lotura::resource
