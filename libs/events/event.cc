#include "libs/events/event.h"

#include <map>
#include <tuple>

namespace lotura::events {

absl::Status ReadState(const v1::State& state, google::protobuf::Message& record) {
  // Parsing merges: the personal part holds only fields that the plain one lacks.
  if (!record.ParseFromString(state.plain()) || !record.MergeFromString(state.personal())) {
    return Error(absl::StatusCode::kInvalidArgument, "STATE_UNREADABLE",
                 "the state of the record is not readable",
                 {{"resource_type", record.GetTypeName()}});
  }
  return absl::OkStatus();
}

std::vector<const Event*> NewestWhere(std::span<const Event> events,
                                      const std::function<bool(const Event&)>& counts) {
  // Services may give their records the same names.
  using RecordName = std::tuple<TenantId, std::string_view, std::string_view>;
  const auto name_of = [](const Event& event) {
    return RecordName(event.tenant, event.source, event.subject);
  };
  std::map<RecordName, const Event*> newest;
  for (const Event& event : events) {
    if (!counts(event)) continue;
    const auto [known, added] = newest.emplace(name_of(event), &event);
    if (!added && event.IsNewerThan(*known->second)) known->second = &event;
  }
  std::vector<const Event*> kept;
  kept.reserve(newest.size());
  for (const Event& event : events) {
    const auto found = newest.find(name_of(event));
    if (found != newest.end() && found->second == &event) kept.push_back(&event);
  }
  return kept;
}

std::vector<const Event*> NewestOfEach(std::span<const Event> events, std::string_view type) {
  return NewestWhere(events,
                     [type](const Event& event) { return event.change.resource_type() == type; });
}

}  // namespace lotura::events
