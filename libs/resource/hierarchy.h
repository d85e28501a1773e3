// Records of one type that stand above each other: managers, parent organizations.
#pragma once

#include <string>

#include "libs/base/errors.h"
#include "libs/resource/changes.h"

namespace lotura::resource {

// A chain that is longer is taken as one that has an end.
inline constexpr int kHierarchyLevelsMax = 50;

struct Hierarchy {
  // The field that names the record above, "manager".
  const char* field;
  // What a circle is refused with.
  const char* reason;
  const char* description;
};

// A hierarchy has a top: adds a violation if `after` would come to stand above itself. For the rule
// `derive`. Reads the records above when the field changes; an error if that fails.
template <typename T>
absl::Status CheckNoCircle(Changes& changes, const T* before, const T& after,
                           const Hierarchy& hierarchy, Violations& violations) {
  const auto* field = T::descriptor()->FindFieldByName(hierarchy.field);
  const auto above = [field](const T& record) {
    return record.GetReflection()->GetString(record, field);
  };
  std::string name = above(after);
  if (before != nullptr && above(*before) == name) return absl::OkStatus();
  for (int level = 0; level < kHierarchyLevelsMax && !name.empty(); ++level) {
    if (name == after.name()) {
      violations.Add(hierarchy.field, hierarchy.reason, hierarchy.description);
      break;
    }
    // A new record has none below it but those that come or change together with it.
    if (before == nullptr && !changes.Touches(name)) break;
    const absl::StatusOr<T> next = changes.Load<T>(name);
    if (!next.ok()) return IsBadReference(next.status()) ? absl::OkStatus() : next.status();
    name = above(*next);
  }
  return absl::OkStatus();
}

// The rule `derive` of a type of which nothing else is derived.
template <typename T>
auto NoCircle(Hierarchy hierarchy) {
  return [hierarchy](Changes& changes, const T* before, T& after) -> absl::Status {
    Violations violations;
    LOTURA_RETURN_IF_ERROR(CheckNoCircle(changes, before, after, hierarchy, violations));
    return violations.ToStatus();
  };
}

}  // namespace lotura::resource
