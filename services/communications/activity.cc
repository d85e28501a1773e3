#include "services/communications/activity.h"

#include <fmt/format.h>

#include <set>

#include "libs/base/calendar.h"
#include "libs/resource/changes.h"
#include "services/communications/domain/reasons.h"

namespace lotura::communications {
namespace {

absl::Status Derive(resource::Changes& changes, const v1::Activity* /*before*/,
                    v1::Activity& after) {
  if (!after.has_start_time()) {
    *after.mutable_start_time() =
        after.has_create_time() ? after.create_time() : ToTimestamp(changes.call().now);
  }
  return absl::OkStatus();
}

void CheckDistinct(const google::protobuf::RepeatedPtrField<std::string>& names,
                   std::string_view field, Violations& violations) {
  std::set<std::string_view> seen;
  for (int i = 0; i < names.size(); ++i) {
    if (!seen.insert(names[i]).second)
      violations.Add(fmt::format("{}[{}]", field, i), reasons::kDuplicate, "stands there twice");
  }
}

void Validate(const v1::Activity* /*before*/, const v1::Activity& after, Violations& violations) {
  if (after.has_end_time() && ToInstant(after.end_time()) < ToInstant(after.start_time())) {
    violations.Add("end_time", reasons::kEndBeforeStart, "lies before start_time");
  }
  CheckDistinct(after.regarding(), "regarding", violations);
  CheckDistinct(after.participants(), "participants", violations);
}

}  // namespace

resource::Rules<v1::Activity> ActivityRules() { return {.derive = Derive, .validate = Validate}; }

}  // namespace lotura::communications
