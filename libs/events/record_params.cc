#include "libs/events/record_params.h"

namespace lotura::events {

std::string FullNameOf(const Event& event) { return event.source + "/" + event.subject; }

pg::Params RecordParams(std::span<const Event* const> events, RecordNames names) {
  pg::Array tenants(pg::Type::kUuid);
  pg::Array named(pg::Type::kText);
  pg::Array epochs(pg::Type::kInt64);
  pg::Array versions(pg::Type::kInt64);
  for (const Event* event : events) {
    tenants.Add(pg::binary::UuidValue(event->tenant.value));
    named.Add(names == RecordNames::kFullNames ? FullNameOf(*event) : event->subject);
    epochs.Add(pg::binary::Int64(event->epoch()));
    versions.Add(pg::binary::Int64(event->version()));
  }
  pg::Params params;
  params.Add(tenants).Add(named).Add(epochs).Add(versions);
  return params;
}

}  // namespace lotura::events
