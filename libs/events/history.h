// The past of one tenant: the journal read from any position on, by many readers.
#pragma once

#include <absl/status/statusor.h>

#include <limits>
#include <string>
#include <vector>

#include "libs/events/journal.h"

namespace lotura::events {

// Where a reader stands who may come back much later.
struct Cursor {
  Position position;
  // When the position was the newest one, or its entry was made: tells whether a day that was
  // dropped since then held something beyond the position.
  Instant time;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// Behind every entry of a transaction with a lower number than the horizon.
inline Position BehindHorizon(std::int32_t epoch, std::uint64_t horizon) {
  return {.epoch = epoch, .xid = horizon - 1, .seq = std::numeric_limits<std::int64_t>::max()};
}

// What is read of the journal.
struct HistoryQuery {
  TenantId tenant;
  // Full names of messages; only their records.
  std::vector<std::string> resource_types;
};

struct HistoryBounds {
  // Behind everything whose order is final, and before everything that is committed later.
  Cursor latest;
  // Before everything that is kept.
  Cursor earliest;
};

struct HistoryBatch {
  // Oldest first; may be empty while there is more.
  std::vector<JournalEntry> entries;
  // Where to go on.
  Cursor next;
  // Nothing that is final lies beyond `next`.
  bool at_end = false;
  // No cursor has an earlier time.
  Instant floor;
};

// Thread-safe. A read costs no more than a bounded number of entries, whatever the query leaves out
// of them. A day counts as dropped an hour after it began, since a transaction that began before
// midnight may have written into the day before; one that took longer than that may go unnoticed by
// a reader who returns on the very day on which that day is dropped.
class History {
 public:
  virtual ~History() = default;

  virtual absl::StatusOr<HistoryBounds> Bounds(Deadline deadline) = 0;
  // The next entries after `after` whose order can no longer change. OUT_OF_RANGE (EVENTS_EXPIRED)
  // if entries beyond `after` have been dropped.
  virtual absl::StatusOr<HistoryBatch> Read(const HistoryQuery& query, const Cursor& after,
                                            ReadLimit limit, Deadline deadline) = 0;
};

// The error of a reader who comes too late.
absl::Status EventsExpired();

}  // namespace lotura::events
