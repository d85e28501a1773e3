// The journal in the schema of a service.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libs/events/day_window.h"
#include "libs/events/journal.h"
#include "libs/pg/database.h"

namespace lotura::events {

struct PgJournalOptions {
  // How far the clock of this process and that of the database may be apart.
  std::chrono::microseconds late = std::chrono::minutes(10);
  // How often a reader looks up days and epochs, and whether a day can be left.
  std::chrono::milliseconds refresh{1000};
};

// Thread-safe. Needs two connections of the database, which should plan for writes.
class PgJournal final : public Journal {
 public:
  PgJournal(pg::Database& database, const Clock& clock, PgJournalOptions options = {})
      : database_(database), clock_(clock), options_(options) {}

  std::unique_ptr<JournalReader> NewReader() override;
  absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                    std::chrono::milliseconds duration,
                                                    Deadline deadline) override;
  absl::Status Release(const LeaseToken& lease, Deadline deadline) override;
  absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) override;
  absl::Status SaveCursor(const std::string& relay, const Position& position,
                          const LeaseToken& lease, Deadline deadline) override;

  // From now on no day of the journal is dropped that one of these relays has not confirmed, even
  // if it never began.
  absl::Status KeepFor(std::span<const std::string> relays, Deadline deadline);
  // The relay is given up, and its cursor forgotten.
  absl::Status KeepNoMoreFor(const std::string& relay, Deadline deadline);

 private:
  pg::Database& database_;
  const Clock& clock_;
  const PgJournalOptions options_;
};

// Begins a new epoch if the database lives in another cluster or on another timeline than when the
// current one began: it was restored or failed over, and positions that were given out before may
// come again. Acquire does it too. Waits for the transactions that write the journal, at most for a
// second. Returns the epoch.
absl::StatusOr<std::int32_t> EnsureEpoch(pg::Database& database, Deadline deadline);

}  // namespace lotura::events
