#include "libs/events/backlog_watch.h"

#include "libs/base/errors.h"

namespace lotura::events {
namespace {

// Nothing has no age; clocks that differ make none negative.
double AgeOf(const std::optional<Instant>& since, Instant now) {
  if (!since.has_value() || now < *since) return 0;
  return std::chrono::duration<double>(now - *since).count();
}

}  // namespace

absl::Status BacklogWatch::Look(Instant now, const std::optional<Position>& confirmed) {
  if (now - looked_at_ < interval_) return absl::OkStatus();
  looked_at_ = now;
  const auto backlog = Inspect(confirmed);
  if (backlog.ok()) {
    oldest_ = backlog->oldest;
    if (backlog->horizon != horizon_ || backlog->horizon == backlog->next) horizon_since_ = now;
    horizon_ = backlog->horizon;
  }
  metrics_.oldest_unpublished_seconds.Set(AgeOf(oldest_, now));
  metrics_.horizon_age_seconds.Set(AgeOf(horizon_since_, now));
  return backlog.status();
}

absl::StatusOr<Backlog> BacklogWatch::Inspect(const std::optional<Position>& confirmed) {
  Position position;
  if (confirmed.has_value()) {
    position = *confirmed;
  } else {
    LOTURA_ASSIGN_OR_RETURN(position, journal_.LoadCursor(relay_, Deadline::After(statement_)));
  }
  // A reader never goes back, as the position does when a database was restored.
  if (reader_ == nullptr || position < position_) reader_ = journal_.NewReader();
  position_ = position;
  return reader_->Inspect(position, Deadline::After(statement_));
}

}  // namespace lotura::events
