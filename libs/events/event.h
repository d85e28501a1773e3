// One event as a consumer gets it: what a record was, what it is now, and who changed it.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/call.h"
#include "libs/base/errors.h"
#include "libs/base/uuid.h"
#include "lotura/events/v1/change.pb.h"

namespace lotura::events {

// Puts both parts of a state together. INVALID_ARGUMENT (STATE_UNREADABLE) if they are no `record`.
absl::Status ReadState(const v1::State& state, google::protobuf::Message& record);

// A CloudEvent of a service of the platform.
struct Event {
  Uuid id;
  // "//sales.lotura".
  std::string source;
  // "lotura.sales.opportunity.moved.v1".
  std::string type;
  // Name of the record, "opportunities/o1".
  std::string subject;
  Instant time;
  TenantId tenant;
  // Resource name of whoever made the change.
  std::string actor;
  // Id of the event that caused the change; empty if none did.
  std::string cause;
  // What all that followed from one request has in common.
  std::string correlation;
  TraceContext trace;
  v1::Change change;

  [[nodiscard]] std::int64_t version() const { return change.version(); }
  // After a failover that lost the last changes a record continues in a higher epoch, at a version
  // that others have seen before.
  [[nodiscard]] std::int64_t epoch() const { return change.epoch(); }
  // Whether it says more of the same record than `other` does: by the epoch, then by the version.
  [[nodiscard]] bool IsNewerThan(const Event& other) const {
    return std::pair(epoch(), version()) > std::pair(other.epoch(), other.version());
  }

  template <typename Record>
  [[nodiscard]] bool IsAbout() const {
    return change.resource_type() == Record::descriptor()->full_name();
  }

  // The record after the change, or, if it was deleted for good, its last state.
  template <typename Record>
  [[nodiscard]] absl::StatusOr<Record> After() const {
    Record record;
    LOTURA_RETURN_IF_ERROR(ReadState(change.after(), record));
    return record;
  }

  // Nothing if the change created the record.
  template <typename Record>
  [[nodiscard]] absl::StatusOr<std::optional<Record>> Before() const {
    if (!change.has_before()) return std::optional<Record>();
    Record record;
    LOTURA_RETURN_IF_ERROR(ReadState(change.before(), record));
    return std::optional<Record>(std::move(record));
  }
};

// The newest event of each record, of each tenant and source, among those that count, in the order
// in which these came: what an upsert of a whole batch takes, since one statement may touch a row
// only once.
std::vector<const Event*> NewestWhere(std::span<const Event> events,
                                      const std::function<bool(const Event&)>& counts);
// The same among those about records of this type.
std::vector<const Event*> NewestOfEach(std::span<const Event> events, std::string_view type);

template <typename Record>
std::vector<const Event*> NewestOf(std::span<const Event> events) {
  return NewestOfEach(events, Record::descriptor()->full_name());
}

}  // namespace lotura::events
