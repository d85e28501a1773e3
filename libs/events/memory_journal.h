// A journal inside the process, for tests and simulations; it passes the same contract suite as the
// one in PostgreSQL.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "libs/events/journal.h"

namespace lotura::events {

// Thread-safe. Keeps what is appended for as long as it lives: at most a million entries.
class MemoryJournal final : public Journal {
 public:
  explicit MemoryJournal(const Clock& clock) : clock_(clock) {}

  // Opens a transaction and returns its number.
  std::uint64_t Begin();
  // Position and time of the entry are set here.
  void Add(std::uint64_t xid, JournalEntry entry);
  void Commit(std::uint64_t xid);
  void Rollback(std::uint64_t xid);
  // One transaction with these entries.
  void Append(std::vector<JournalEntry> entries);
  // As a standby that takes over knows nothing of the last transactions, and gives their numbers to
  // others.
  void Restore(const Position& last);

  std::unique_ptr<JournalReader> NewReader() override;
  absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                    std::chrono::milliseconds duration,
                                                    Deadline deadline) override;
  absl::Status Release(const LeaseToken& lease, Deadline deadline) override;
  absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) override;
  absl::Status SaveCursor(const std::string& relay, const Position& position,
                          const LeaseToken& lease, Deadline deadline) override;

 private:
  friend class MemoryJournalReader;
  friend class MemoryHistory;

  struct Lease {
    Uuid holder;
    std::int64_t term = 0;
    Instant until;
  };

  [[nodiscard]] std::uint64_t HorizonLocked() const;

  const Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t next_xid_ = 700;
  std::int64_t next_seq_ = 1;
  std::map<std::uint64_t, std::vector<JournalEntry>> open_;
  std::map<Position, JournalEntry> committed_;
  std::map<std::string, Lease> leases_;
  std::map<std::string, Position> cursors_;
  std::string origin_ = "memory";
};

}  // namespace lotura::events
