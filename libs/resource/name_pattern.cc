// Names of records: alternating collections and ids.
#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "libs/resource/declaration.h"

namespace lotura::resource {
namespace {

template <typename IsId>
bool FitsCollections(std::string_view name, std::span<const std::string> collections,
                     const IsId& is_id) {
  const auto parts = Split(name, '/');
  if (parts.size() != 2 * collections.size()) return false;
  for (std::size_t i = 0; i < collections.size(); ++i) {
    if (parts[2 * i] != collections[i] || !is_id(parts[2 * i + 1])) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<NamePattern> NamePattern::Parse(std::string_view pattern, IdForm form) {
  NamePattern parsed;
  parsed.id_form_ = form;
  const auto parts = Split(pattern, '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_variable = parts[i].starts_with('{') && parts[i].ends_with('}');
    if (parts[i].empty() || is_variable != (i % 2 == 1)) {
      return Internal(
          fmt::format("pattern '{}' does not alternate collections and {{ids}}", pattern));
    }
    if (!is_variable) parsed.collections_.emplace_back(parts[i]);
  }
  if (parts.size() % 2 != 0)
    return Internal(fmt::format("pattern '{}' ends without an id", pattern));
  return parsed;
}

bool NamePattern::IsId(std::string_view id) const {
  switch (id_form_) {
    case IdForm::kWord:
      return IsWellFormedId(id);
    case IdForm::kUuid:
      // As it is written by us, so that one record has one name.
      if (const auto uuid = Uuid::Parse(id); uuid.has_value()) return uuid->ToString() == id;
      return false;
  }
  return false;
}

bool NamePattern::Matches(std::string_view name) const {
  return FitsCollections(name, collections_, [this, name](std::string_view id) {
    const bool is_last = id.data() + id.size() == name.data() + name.size();
    return is_last ? IsId(id) : IsWellFormedId(id);
  });
}

bool NamePattern::MatchesParent(std::string_view parent) const {
  if (!HasParent()) return parent.empty();
  return FitsCollections(parent, std::span(collections_).first(collections_.size() - 1),
                         IsWellFormedId);
}

bool NamePattern::IsAnyParent(std::string_view parent) const {
  return HasParent() &&
         FitsCollections(parent, std::span(collections_).first(collections_.size() - 1),
                         [](std::string_view id) { return id == "-"; });
}

std::string NamePattern::AnyParent() const {
  std::string parent;
  for (const std::string& collection : std::span(collections_).first(collections_.size() - 1))
    parent += fmt::format("{}{}/-", parent.empty() ? "" : "/", collection);
  return parent;
}

bool NamePattern::IsParentOf(const NamePattern& child) const {
  return child.HasParent() &&
         std::ranges::equal(collections_,
                            std::span(child.collections_).first(child.collections_.size() - 1));
}

std::string NamePattern::Make(std::string_view parent, std::string_view id) const {
  return parent.empty() ? fmt::format("{}/{}", Collection(), id)
                        : fmt::format("{}/{}/{}", parent, Collection(), id);
}

}  // namespace lotura::resource
