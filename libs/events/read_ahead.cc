#include "libs/events/read_ahead.h"

namespace lotura::events {

absl::StatusOr<std::vector<JournalEntry>> ReadAhead::Read(const Position& after, ReadLimit limit,
                                                          Deadline deadline) {
  const std::chrono::milliseconds bound = deadline.Left();
  std::optional<Entries> taken = Take(after, limit);
  Entries entries = taken.has_value() ? *std::move(taken) : reader_->Read(after, limit, deadline);
  if (!entries.ok() || !limit.IsReachedBy(*entries)) return entries;
  after_ = entries->back().position;
  limit_ = limit;
  // The future takes along what it throws.
  std::packaged_task<Entries()> read(
      [this, bound] { return reader_->Read(after_, limit_, Deadline::After(bound)); });
  ahead_ = read.get_future();
  thread_ = std::jthread(std::move(read));
  return entries;
}

absl::StatusOr<Backlog> ReadAhead::Inspect(const Position& after, Deadline deadline) {
  if (ahead_.valid()) ahead_.wait();
  return reader_->Inspect(after, deadline);
}

std::optional<ReadAhead::Entries> ReadAhead::Take(const Position& after, ReadLimit limit) {
  if (!ahead_.valid()) return std::nullopt;
  Entries entries = ahead_.get();
  if (after != after_ || limit != limit_) return std::nullopt;
  return entries;
}

}  // namespace lotura::events
