#include "libs/resource/record_reach.h"

namespace lotura::resource {
namespace {

using Kind = FilterNode::Kind;
using Into = FilterHop::Into;
using Names = std::set<std::string>;
using Reach = std::optional<RecordReach>;

Reach ReachOfNode(const FilterNode& node, const Declaration& declaration);

// Whether the test is of the column's own value, or of one of its elements.
bool IsOf(const FilterTest& test, const Column* column, Into into) {
  return column != nullptr && test.path.column == column && test.path.hops.size() == 1 &&
         test.path.hops.front().into == into;
}

// The texts of which the value is one; nothing for other tests.
std::optional<Names> NamesOf(const FilterTest& test) {
  if (test.operation == FilterOperation::kEqual) return Names{std::get<std::string>(test.value)};
  if (test.operation != FilterOperation::kIsOneOf) return std::nullopt;
  const auto& names = *std::get<TextSet>(test.value);
  return Names{names.begin(), names.end()};
}

Reach ReachOfTest(const FilterTest& test, const Declaration& declaration) {
  std::optional<Names> names;
  if (IsOf(test, declaration.owner(), Into::kValue)) {
    names = NamesOf(test);
    if (names.has_value()) return RecordReach{.owners = *std::move(names)};
  }
  for (const Column* column : {declaration.readers(), declaration.editors()}) {
    if (!IsOf(test, column, Into::kAnyElement)) continue;
    names = NamesOf(test);
    if (names.has_value()) return RecordReach{.shares = {{column, *std::move(names)}}};
  }
  return std::nullopt;
}

Reach ReachOfAny(const std::vector<FilterNode>& nodes, const Declaration& declaration) {
  RecordReach all;
  for (const FilterNode& node : nodes) {
    Reach one = ReachOfNode(node, declaration);
    if (!one.has_value()) return std::nullopt;
    all.whole = all.whole && one->whole;
    all.unowned = all.unowned || one->unowned;
    all.owners.merge(std::move(one->owners));
    for (auto& [column, names] : one->shares) all.shares[column].merge(names);
  }
  return all;
}

std::size_t SizeOf(const RecordReach& reach) {
  std::size_t size = reach.Ranges();
  for (const auto& [column, names] : reach.shares) size += names.size();
  return size;
}

// The narrowest of those that each lead to all.
Reach ReachOfAll(const std::vector<FilterNode>& nodes, const Declaration& declaration) {
  Reach narrowest;
  for (const FilterNode& node : nodes) {
    Reach one = ReachOfNode(node, declaration);
    if (!one.has_value()) continue;
    if (!narrowest.has_value() || SizeOf(*one) < SizeOf(*narrowest)) narrowest = std::move(one);
  }
  if (narrowest.has_value() && nodes.size() > 1) narrowest->whole = false;
  return narrowest;
}

// Of what is not so, only that no owner is named leads to records.
Reach ReachOfNot(const FilterNode& node, const Declaration& declaration) {
  const bool is_unowned = node.kind == Kind::kTest &&
                          node.test.operation == FilterOperation::kPresent &&
                          IsOf(node.test, declaration.owner(), Into::kValue);
  if (!is_unowned) return std::nullopt;
  return RecordReach{.unowned = true};
}

Reach ReachOfNode(const FilterNode& node, const Declaration& declaration) {
  switch (node.kind) {
    case Kind::kTest:
      return ReachOfTest(node.test, declaration);
    case Kind::kOr:
      return ReachOfAny(node.children, declaration);
    case Kind::kAnd:
      return ReachOfAll(node.children, declaration);
    case Kind::kNot:
      return ReachOfNot(node.children.front(), declaration);
  }
  return std::nullopt;
}

}  // namespace

std::optional<RecordReach> ReachOf(const Filter& condition) {
  if (!condition.root.has_value()) return std::nullopt;
  return ReachOfNode(*condition.root, *condition.declaration);
}

}  // namespace lotura::resource
