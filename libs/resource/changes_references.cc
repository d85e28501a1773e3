// The references of what a unit of work has changed.
#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/base/names.h"
#include "libs/mutant/use.h"
#include "libs/resource/changed_paths.h"
#include "libs/resource/changes.h"

namespace lotura::resource {
namespace {

absl::Status Missing(const Reference& reference) {
  return FailedPrecondition(
      "REFERENCE_NOT_FOUND",
      fmt::format("{}: there is no record '{}'", reference.path, reference.name),
      {{"field", reference.path}, {"name", reference.name}});
}

// The references in fields that the change touches.
std::vector<Reference> FreshReferences(const RecordChange& change) {
  std::vector<Reference> found;
  for (const Column& column : change.declaration->columns()) {
    if (change.before != nullptr && FieldEquals(*change.before, *change.after, *column.field))
      continue;
    std::ranges::move(ReferencesIn(*change.after, *column.field), std::back_inserter(found));
  }
  return found;
}

}  // namespace

std::string RequestPath(const std::string& field_prefix, const Declaration& declaration) {
  const std::string own = declaration.singular() + ".";
  return field_prefix.ends_with(own) ? field_prefix.substr(0, field_prefix.size() - own.size())
                                     : field_prefix;
}

absl::Status Changes::CheckReferences() {
  References references;
  for (const RecordChange& change : changes_) {
    if (change.kind != events::v1::KIND_DELETED) Collect(change, references);
  }
  LOTURA_RETURN_IF_ERROR(CheckForm(references));
  LOTURA_RETURN_IF_ERROR(CheckOwn(references));
  return CheckForeign(references);
}

bool Changes::IsDerived(const RecordChange& change, const std::string& path) const {
  const Column* column = change.declaration->FindColumn(path.substr(0, path.find_first_of(".[")));
  return changed_by_rules_.contains(change.name) || (column != nullptr && column->output_only);
}

void Changes::CollectFields(const RecordChange& change, References& references) const {
  std::vector<Reference> fresh = FreshReferences(change);
  if (fresh.empty()) return;
  // One that was moved within the record is not new.
  std::set<std::pair<std::string, std::string>> known;
  if (change.before != nullptr) {
    for (const Reference& reference : ReferencesOf(*change.before))
      known.emplace(reference.type, reference.name);
  }
  for (Reference& reference : fresh) {
    if (reference.name.empty() || known.contains({reference.type, reference.name})) continue;
    reference.derived = IsDerived(change, reference.path);
    reference.path = change.field_prefix + reference.path;
    const bool is_own = ServiceOfType(reference.type) == change.declaration->service();
    auto& there = is_own ? references.own : references.foreign;
    there[reference.type].emplace(reference.name, reference);
  }
}

void Changes::Collect(const RecordChange& change, References& references) const {
  if (change.declaration->HasReferences()) CollectFields(change, references);
  if (change.kind != events::v1::KIND_CREATED || !change.declaration->pattern().HasParent()) return;
  // The parent is a record of the pattern without its last collection; whichever type that is, it
  // is one of ours.
  const std::string parent(ParentOf(change.name));
  for (const RecordType& type : parts_.catalog.types()) {
    if (!type.declaration->pattern().Matches(parent)) continue;
    const std::string path = RequestPath(change.field_prefix, *change.declaration) + "parent";
    references.own[type.declaration->type()].emplace(
        parent, Reference{path, type.declaration->type(), parent});
  }
}

absl::Status Changes::CheckForm(const References& references) const {
  Violations violations;
  for (const auto& [type, by_name] : references.own) {
    const RecordType* known = parts_.catalog.FindByType(type);
    LOTURA_CHECK(known != nullptr);
    for (const auto& [name, reference] : by_name) {
      if (!known->declaration->pattern().Matches(name))
        violations.Add(reference.path, "NAME_INVALID",
                       fmt::format("'{}' is not the name of a record of type {}", name, type));
    }
  }
  for (const auto& [type, by_name] : references.foreign) {
    for (const auto& [name, reference] : by_name) {
      if (!IsFullName(name) || !parts_.catalog.IsNameOf(type, name))
        violations.Add(reference.path, "NAME_INVALID",
                       fmt::format("'{}' is not the full name of a record of type {}", name, type));
    }
  }
  return violations.ToStatus();
}

absl::Status Changes::CheckOwn(const References& references) {
  for (const auto& [type_name, by_name] : references.own) {
    const RecordType& type = *parts_.catalog.FindByType(type_name);
    std::vector<std::string> names;
    for (const auto& [name, reference] : by_name) {
      if (!place_.contains(name)) names.push_back(name);
    }
    LOTURA_RETURN_IF_ERROR(Prefetch(type, names));
    for (const std::string& name : names) {
      const auto& record = reads_.own.at(std::pair(&type, name));
      const Reference& reference = by_name.at(name);
      if (!record.has_value() || record->deleted) return Missing(reference);
      // What follows from rules is not the caller's choice.
      if (!reference.derived && !mutant::Omits("reference.record") &&
          !CheckMay(type, Access::kRead, *record->message).ok())
        return Missing(reference);
    }
  }
  return absl::OkStatus();
}

absl::Status Changes::CheckChosen(const RecordChange& change) {
  if (actor_ == Actor::kRule || call_.principal.SeesAll()) return absl::OkStatus();
  if (mutant::Omits("reference.chosen")) return absl::OkStatus();
  References references;
  Collect(change, references);
  LOTURA_RETURN_IF_ERROR(CheckForm(references));
  return CheckOwn(references);
}

absl::Status Changes::PrefetchForeign(std::span<const std::string> names) {
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    if (!reads_.foreign.contains(name)) unknown.push_back(name);
  }
  if (unknown.empty()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(const auto missing, parts_.foreign_records.FindMissing(
                                                  call_.principal.tenant, unknown, call_.deadline));
  for (const std::string& name : missing) reads_.foreign.emplace(name, false);
  // What is not missing is there.
  for (const std::string& name : unknown) reads_.foreign.emplace(name, true);
  return absl::OkStatus();
}

absl::Status Changes::CheckForeign(const References& references) {
  std::map<std::string, const Reference*> by_name;
  std::vector<std::string> names;
  for (const auto& [type, of_type] : references.foreign) {
    if (type == kAnyType) continue;
    for (const auto& [name, reference] : of_type) {
      if (by_name.emplace(name, &reference).second) names.push_back(name);
    }
  }
  LOTURA_RETURN_IF_ERROR(PrefetchForeign(names));
  for (const std::string& name : names) {
    if (!reads_.foreign.at(name)) return Missing(*by_name.at(name));
  }
  return absl::OkStatus();
}

}  // namespace lotura::resource
