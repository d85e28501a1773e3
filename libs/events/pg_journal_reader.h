// Reads the journal of a service's schema, across days and epochs.
#pragma once

#include <map>

#include "libs/events/pg_journal.h"

namespace lotura::events {

// Used by one thread.
class PgJournalReader final : public JournalReader {
 public:
  PgJournalReader(pg::Database& database, const Clock& clock, const PgJournalOptions& options)
      : database_(database), clock_(clock), options_(options), window_(options.late) {}

  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                 Deadline deadline) override;
  absl::StatusOr<Backlog> Inspect(const Position& after, Deadline deadline) override;

 private:
  using Epochs = std::map<std::int32_t, std::uint64_t>;  // number and lowest transaction

  absl::Status Refresh(const Position& after, Deadline deadline);
  absl::StatusOr<std::vector<JournalEntry>> ReadEpoch(const Position& after, ReadLimit limit,
                                                      Deadline deadline);
  std::optional<Instant> OldestAfter(pg::Tx& tx, const Position& after);
  [[nodiscard]] Position Start(const Position& after) const;
  // Where the epoch after this one begins.
  [[nodiscard]] Position NextEpoch(std::int32_t epoch) const;
  [[nodiscard]] bool IsCurrent(std::int32_t epoch) const {
    return epoch == epochs_.rbegin()->first;
  }

  pg::Database& database_;
  const Clock& clock_;
  const PgJournalOptions options_;
  DayWindow window_;
  Epochs epochs_;
  Deadline fresh_until_{Deadline::Point::min()};
};

}  // namespace lotura::events
