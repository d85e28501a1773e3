// The journal of one service: every new version of every record, in the order in which they were committed.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace lotura::events {

// Where an entry stands. Positions grow; within one record they grow with its version.
struct Position {
  // Generation of positions: a restored database continues in a higher one, so that no position is ever used twice.
  std::int32_t epoch = 0;
  std::uint64_t xid = 0;
  std::int64_t seq = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// One entry as it is stored; docs/architecture.md says what each part is for.
struct JournalEntry {
  Position position;
  Instant create_time;
  TenantId tenant;
  Uuid event_id;
  // Name of the record within the service, "opportunities/o1".
  std::string name;
  // CloudEvents type, "lotura.sales.opportunity.moved.v1".
  std::string type;
  // Full name of the record's message.
  std::string resource_type;
  std::int64_t version = 0;
  // lotura.events.v1.Kind as a number.
  int kind = 0;
  // Paths of the fields that changed, separated by commas.
  std::string changed_fields;
  std::string before_plain;
  std::string before_personal;
  std::string after_plain;
  std::string after_personal;
  // google.protobuf.Any in its binary form, or empty.
  std::string detail;
  std::string actor;
  std::string method;
  std::string request_id;
  std::string cause;
  std::string traceparent;
};

// A process holds the lease under this token until it expires or another process holds it.
struct LeaseToken {
  std::string name;
  Uuid holder;
  // Grows with each change of holder; what is written under an older one is refused.
  std::int64_t term = 0;
};

// What the relay needs of a store. Thread-safe.
class Journal {
 public:
  virtual ~Journal() = default;

  // The next entries after `after` whose order can no longer change, oldest first.
  virtual absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, std::size_t limit,
                                                         Deadline deadline) = 0;
  // Takes or renews the lease; nothing while another holder's is in force.
  virtual absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                            std::chrono::milliseconds duration,
                                                            Deadline deadline) = 0;
  virtual absl::Status Release(const LeaseToken& lease, Deadline deadline) = 0;
  // Everything up to this position has been confirmed by the broker.
  virtual absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) = 0;
  // FAILED_PRECONDITION with reason LEASE_LOST if the lease is no longer held.
  virtual absl::Status SaveCursor(const std::string& relay, const Position& position, const LeaseToken& lease,
                                  Deadline deadline) = 0;
};

}  // namespace lotura::events
