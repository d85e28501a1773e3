#include "libs/access/scopes.h"

#include <algorithm>

#include "libs/mutant/use.h"

namespace lotura::access {
namespace {

using resource::Access;
using resource::Column;
using resource::Filter;
using resource::FilterHop;
using resource::FilterNode;
using resource::FilterOperation;
using resource::FilterTest;
using resource::ValueType;

FilterNode Test(const Column& column, FilterOperation operation, resource::FilterValue value) {
  const auto into =
      column.field->is_repeated() ? FilterHop::Into::kAnyElement : FilterHop::Into::kValue;
  FilterNode node;
  node.test = {.path = {.column = &column,
                        .hops = {{.field = column.field, .into = into, .key = {}}},
                        .type = ValueType::kText,
                        .text = column.name},
               .operation = operation,
               .value = std::move(value)};
  return node;
}

FilterNode Combine(FilterNode::Kind kind, std::vector<FilterNode> children) {
  return {.kind = kind, .children = std::move(children), .test = {}};
}

// Some of the fields, which may be missing, names one of these.
FilterNode NamesOneOf(const std::vector<const Column*>& columns, const resource::TextSet& names) {
  FilterNode any = Combine(FilterNode::Kind::kOr, {});
  for (const Column* column : columns) {
    if (column != nullptr) any.children.push_back(Test(*column, FilterOperation::kIsOneOf, names));
  }
  return any;
}

Access ToAccess(RecordRule::Access access) {
  switch (access) {
    case RecordRule::ACCESS_READ:
      return Access::kRead;
    case RecordRule::ACCESS_UPDATE:
      return Access::kUpdate;
    case RecordRule::ACCESS_DELETE:
      return Access::kDelete;
    case RecordRule::ACCESS_UNSPECIFIED:
    case directory::v1::Role_RecordRule_Access_Role_RecordRule_Access_INT_MIN_SENTINEL_DO_NOT_USE_:
    case directory::v1::Role_RecordRule_Access_Role_RecordRule_Access_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return Access::kNone;
}

// Whether each of the columns may be read; all may without fields.
bool IsRead(const std::set<const Column*>& columns, const resource::Declaration& declaration,
            const std::vector<resource::FieldAccess>& fields) {
  const resource::View view(declaration, {{.access = Access::kRead, .fields = fields}});
  return view.FindHidden(columns) == nullptr;
}

std::string WordsOf(const RecordRule& rule) {
  std::string words = RecordRule::Scope_Name(rule.scope());
  if (!rule.filter().empty()) words.append(" where ").append(rule.filter());
  return words;
}

// What may be done with the records that fulfill a condition; without one, with all.
struct Part {
  Access access = Access::kNone;
  std::optional<FilterNode> records;
};

std::vector<Part> SharedParts(const resource::Declaration& declaration, const Identity& identity,
                              Access access) {
  std::vector<Part> parts;
  parts.push_back(
      {std::min(access, Access::kRead),
       NamesOneOf({declaration.readers(), declaration.editors()}, identity.shared_with)});
  if (access >= Access::kUpdate)
    parts.push_back({Access::kUpdate, NamesOneOf({declaration.editors()}, identity.shared_with)});
  return parts;
}

std::vector<Part> PartsOf(RecordRule::Scope scope, const resource::Declaration& declaration,
                          const Identity& identity, Access access) {
  const Column* owner = declaration.owner();
  switch (scope) {
    case RecordRule::SCOPE_ALL:
      return {{access, std::nullopt}};
    case RecordRule::SCOPE_OWN:
      return {{access, Test(*owner, FilterOperation::kEqual, identity.user)}};
    case RecordRule::SCOPE_TEAM:
      return {{access, NamesOneOf({owner}, identity.team)}};
    case RecordRule::SCOPE_TEAM_AND_BELOW:
      return {{access, NamesOneOf({owner}, identity.team_and_below)}};
    case RecordRule::SCOPE_UNOWNED:
      return {{access, Combine(FilterNode::Kind::kNot,
                               {Test(*owner, FilterOperation::kPresent, std::monostate())})}};
    case RecordRule::SCOPE_SHARED:
      return SharedParts(declaration, identity, access);
    case RecordRule::SCOPE_UNSPECIFIED:
    case directory::v1::Role_RecordRule_Scope_Role_RecordRule_Scope_INT_MIN_SENTINEL_DO_NOT_USE_:
    case directory::v1::Role_RecordRule_Scope_Role_RecordRule_Scope_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return {};
}

}  // namespace

bool Supports(const resource::Declaration& declaration, RecordRule::Scope scope) {
  switch (scope) {
    case RecordRule::SCOPE_ALL:
      return true;
    case RecordRule::SCOPE_SHARED:
      return declaration.readers() != nullptr || declaration.editors() != nullptr;
    case RecordRule::SCOPE_OWN:
    case RecordRule::SCOPE_TEAM:
    case RecordRule::SCOPE_TEAM_AND_BELOW:
    case RecordRule::SCOPE_UNOWNED:
      return declaration.owner() != nullptr;
    case RecordRule::SCOPE_UNSPECIFIED:
    case directory::v1::Role_RecordRule_Scope_Role_RecordRule_Scope_INT_MIN_SENTINEL_DO_NOT_USE_:
    case directory::v1::Role_RecordRule_Scope_Role_RecordRule_Scope_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return false;
}

absl::StatusOr<Filter> FilterOf(const RecordRule& rule, const resource::Declaration& declaration) {
  return resource::CompileFilter(rule.filter(), declaration, std::nullopt);
}

std::vector<resource::Grant> GrantsOf(const RecordRule& rule,
                                      const resource::Declaration& declaration,
                                      const Identity& identity, const std::string& source,
                                      const std::vector<resource::FieldAccess>& fields) {
  if (!Supports(declaration, rule.scope())) return {};
  const auto filter = FilterOf(rule, declaration);
  if (!filter.ok()) return {};
  if (!mutant::Omits("rule.filter") && !IsRead(resource::ColumnsOf(*filter), declaration, fields))
    return {};
  std::vector<resource::Grant> grants;
  for (Part& part : PartsOf(rule.scope(), declaration, identity, ToAccess(rule.access()))) {
    Filter records{&declaration, std::move(part.records)};
    if (!records.root.has_value()) {
      records.root = filter->root;
    } else if (filter->root.has_value()) {
      records.root = Combine(FilterNode::Kind::kAnd, {*std::move(records.root), *filter->root});
    }
    grants.push_back({.source = source,
                      .rule = WordsOf(rule),
                      .access = part.access,
                      .records = std::move(records),
                      .fields = fields});
  }
  return grants;
}

}  // namespace lotura::access
