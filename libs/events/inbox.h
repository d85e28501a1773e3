// What a consumer does with the records it reads: each event takes effect once.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/events/bus.h"

namespace lotura::events {

// What became of the first records of a batch.
struct Applied {
  // How many are done with for good; the status says what stopped the others.
  std::size_t done = 0;
  std::size_t handled = 0;
  std::size_t duplicates = 0;
  std::size_t parked = 0;
  std::size_t dead = 0;
  // Time of the last of them that was an event.
  std::optional<Instant> last;
  absl::Status status;
};

// An event that could not be handled.
struct DeadLetter {
  TenantId tenant;
  std::string key;
  std::string reason;
  std::string message;
  std::int64_t attempts = 0;
  Instant fail_time;
  ReceivedRecord received;
};

// Used by one thread. Members of a group, also one that lost its partitions and does not know yet,
// may apply the same records at the same time.
class Inbox {
 public:
  virtual ~Inbox() = default;

  // Applies records in their order. One that cannot be handled is kept as a dead letter, and those
  // of the same key that follow are parked behind it. It stops at a failure that may pass: the rest
  // is to be given again.
  virtual Applied Apply(std::span<const ReceivedRecord> records, Deadline deadline) = 0;
  // Dead letters that the dead-letter topic does not have yet.
  virtual absl::StatusOr<std::vector<DeadLetter>> Unannounced(std::size_t limit,
                                                              Deadline deadline) = 0;
  virtual absl::Status MarkAnnounced(std::span<const DeadLetter> letters, Deadline deadline) = 0;
  // Dead letters and the events behind them.
  virtual absl::StatusOr<std::size_t> CountParked(Deadline deadline) = 0;
};

}  // namespace lotura::events
