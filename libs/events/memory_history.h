// The past of a journal inside the process, for tests; it passes the same contract suite as the one
// in PostgreSQL.
#pragma once

#include <atomic>

#include "libs/events/history.h"
#include "libs/events/memory_journal.h"

namespace lotura::events {

// Thread-safe.
class MemoryHistory final : public History {
 public:
  MemoryHistory(const MemoryJournal& journal, const Clock& clock)
      : journal_(journal), clock_(clock) {}

  absl::StatusOr<HistoryBounds> Bounds(Deadline deadline) override;
  absl::StatusOr<HistoryBatch> Read(const HistoryQuery& query, const Cursor& after, ReadLimit limit,
                                    Deadline deadline) override;
  // What was made before counts as dropped.
  void Drop(Instant floor);
  // All calls fail with it from here on; OK ends that.
  void Fail(absl::Status status);
  // Calls of Bounds and Read together.
  [[nodiscard]] std::size_t calls() const { return calls_; }

 private:
  const MemoryJournal& journal_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards floor_ and failure_
  Instant floor_;
  absl::Status failure_;
  std::atomic<std::size_t> calls_ = 0;
};

}  // namespace lotura::events
