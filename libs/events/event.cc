#include "libs/events/event.h"

#include <map>

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

std::vector<const Event*> NewestOfEach(std::span<const Event> events) {
  using RecordName = std::pair<TenantId, std::string_view>;
  std::map<RecordName, const Event*> newest;
  for (const Event& event : events) {
    const auto [known, added] = newest.emplace(RecordName(event.tenant, event.subject), &event);
    if (!added && known->second->version() < event.version()) known->second = &event;
  }
  std::vector<const Event*> kept;
  kept.reserve(newest.size());
  for (const Event& event : events) {
    if (newest.at({event.tenant, event.subject}) == &event) kept.push_back(&event);
  }
  return kept;
}

}  // namespace lotura::events
