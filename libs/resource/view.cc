#include "libs/resource/view.h"

#include <algorithm>

#include "libs/mutant/use.h"
#include "libs/resource/filter_predicate.h"
#include "libs/resource/masking.h"
#include "libs/resource/message_copy.h"

namespace lotura::resource {
namespace {

// Whether it allows this with every record.
bool IsOfAll(const Grant& grant, Access access) {
  return grant.access >= access && !grant.records.root.has_value();
}

// Fields of a newer release, of which nobody knows whether they may be seen.
bool HasUnknownFields(const pbuf::Message& record) {
  return !record.GetReflection()->GetUnknownFields(record).empty();
}

void ClearUnknownFields(pbuf::Message& record) {
  if (HasUnknownFields(record)) record.GetReflection()->MutableUnknownFields(&record)->Clear();
}

}  // namespace

View::View(const Declaration& declaration, std::vector<Grant> grants)
    : declaration_(declaration), grants_(std::move(grants)) {
  std::erase_if(grants_, [](const Grant& grant) { return grant.access == Access::kNone; });
  whole_ = std::ranges::any_of(grants_, [](const Grant& grant) {
    return IsOfAll(grant, Access::kDelete) && grant.fields.empty();
  });
}

View View::Whole(const Declaration& declaration) {
  View view(declaration, {});
  view.whole_ = true;
  return view;
}

bool View::ShowsEverything() const {
  return whole_ || std::ranges::any_of(grants_, [](const Grant& grant) {
           return IsOfAll(grant, Access::kRead) && grant.fields.empty();
         });
}

bool View::ShowsEverywhere(const Column& column) const {
  return whole_ || std::ranges::any_of(grants_, [&](const Grant& grant) {
           return IsOfAll(grant, Access::kRead) && In(grant, column) >= FieldAccess::kRead;
         });
}

bool View::Allows(Access access, const pbuf::Message& record) const {
  return whole_ || std::ranges::any_of(grants_, [&](const Grant& grant) {
           return grant.access >= access && FilterMatches(grant.records, record);
         });
}

template <typename Counts>
Filter View::UnionOf(const Counts& counts) const {
  if (whole_) return {&declaration_, {}};
  FilterNode any{.kind = FilterNode::Kind::kOr, .children = {}, .test = {}};
  for (const Grant& grant : grants_) {
    if (!counts(grant)) continue;
    if (!grant.records.root.has_value()) return {&declaration_, {}};
    any.children.push_back(*grant.records.root);
  }
  return {&declaration_, std::move(any)};
}

Filter View::Records(Access access) const {
  return UnionOf([access](const Grant& grant) { return grant.access >= access; });
}

Filter View::RecordsShowing(const std::set<const Column*>& columns) const {
  FilterNode all{.kind = FilterNode::Kind::kAnd, .children = {}, .test = {}};
  const auto require = [&all](Filter filter) {
    if (filter.root.has_value()) all.children.push_back(*std::move(filter.root));
  };
  require(Records(Access::kRead));
  for (const Column* column : columns) {
    // Then it narrows nothing.
    if (ShowsAlways({column})) continue;
    require(UnionOf([&](const Grant& grant) { return In(grant, *column) >= FieldAccess::kRead; }));
  }
  if (all.children.empty()) return {&declaration_, {}};
  return {&declaration_, std::move(all)};
}

const Column* View::FindHidden(const std::set<const Column*>& columns) const {
  // Of no records nothing is hidden: they are not there.
  if (whole_ || grants_.empty()) return nullptr;
  const auto hidden = std::ranges::find_if(columns, [&](const Column* column) {
    return std::ranges::none_of(
        grants_, [&](const Grant& grant) { return In(grant, *column) >= FieldAccess::kRead; });
  });
  return hidden == columns.end() ? nullptr : *hidden;
}

bool View::ShowsAlways(const std::set<const Column*>& columns) const {
  return whole_ || std::ranges::all_of(grants_, [&](const Grant& grant) {
           return std::ranges::all_of(columns, [&](const Column* column) {
             return In(grant, *column) >= FieldAccess::kRead;
           });
         });
}

FieldAccess View::In(const Grant& grant, const Column& column) const {
  const std::vector<Column>& columns = declaration_.columns();
  const bool is_own = &column < columns.data() || &column >= columns.data() + columns.size();
  if (is_own) return FieldAccess::kRead;
  // Whoever may only read a record writes none of its fields.
  const FieldAccess most =
      grant.access >= Access::kUpdate ? FieldAccess::kWrite : FieldAccess::kRead;
  if (grant.fields.empty()) return most;
  return std::min(grant.fields[static_cast<std::size_t>(&column - columns.data())], most);
}

std::vector<FieldAccess> View::FieldsOf(const pbuf::Message& record) const {
  std::vector<FieldAccess> fields(declaration_.columns().size(), FieldAccess::kHidden);
  for (const Grant& grant : grants_) {
    if (!FilterMatches(grant.records, record)) continue;
    for (std::size_t i = 0; i < fields.size(); ++i)
      fields[i] = std::max(fields[i], In(grant, declaration_.columns()[i]));
  }
  return fields;
}

// The usual case: roles seldom have rules for fields.
bool View::IsShownWithoutRules(const pbuf::Message& record) const {
  return std::ranges::any_of(grants_, [&](const Grant& grant) {
    return grant.fields.empty() && FilterMatches(grant.records, record);
  });
}

bool View::ShowsAll(const pbuf::Message& record) const {
  return whole_ || IsShownWithoutRules(record) ||
         std::ranges::all_of(FieldsOf(record),
                             [](FieldAccess field) { return field >= FieldAccess::kRead; });
}

FieldAccess View::Of(const Column& column, const pbuf::Message& record) const {
  if (whole_) return FieldAccess::kWrite;
  FieldAccess access = FieldAccess::kHidden;
  for (const Grant& grant : grants_) {
    if (FilterMatches(grant.records, record)) access = std::max(access, In(grant, column));
  }
  return access;
}

bool View::Reads(std::string_view path, const pbuf::Message& record) const {
  const Column* column = declaration_.FindColumn(path.substr(0, path.find('.')));
  return column != nullptr && Of(*column, record) >= FieldAccess::kRead;
}

std::shared_ptr<const pbuf::Message> View::Show(std::shared_ptr<const pbuf::Message> record) const {
  if (whole_ || (ShowsAll(*record) && !HasUnknownFields(*record))) return record;
  std::shared_ptr<pbuf::Message> shown = CopyOf(*record);
  Mask(*shown);
  return shown;
}

void View::Mask(pbuf::Message& record) const {
  if (whole_) return;
  if (IsShownWithoutRules(record)) return ClearUnknownFields(record);
  MaskFields(FieldsOf(record), record);
}

void View::MaskTried(const pbuf::Message& before, pbuf::Message& record) const {
  if (whole_) return;
  std::vector<FieldAccess> fields = FieldsOf(record);
  std::ranges::transform(fields, FieldsOf(before), fields.begin(),
                         [](FieldAccess now, FieldAccess then) { return std::min(now, then); });
  MaskFields(fields, record);
}

void View::MaskFields(const std::vector<FieldAccess>& fields, pbuf::Message& record) const {
  ClearUnknownFields(record);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Column& column = declaration_.columns()[i];
    if (fields[i] == FieldAccess::kHidden)
      record.GetReflection()->ClearField(&record, column.field);
    if (fields[i] == FieldAccess::kMasked && !mutant::Omits("fields.masked"))
      MaskField(column, record);
  }
}

}  // namespace lotura::resource
