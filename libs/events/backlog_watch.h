// Measures what of the journal is not published, in every process, whoever publishes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libs/events/journal.h"
#include "libs/events/metrics.h"

namespace lotura::events {

// Neither a lease nor a broker is needed: the metrics exist for the outage in which nobody
// publishes. Used by one thread.
class BacklogWatch {
 public:
  BacklogWatch(std::string relay, Journal& journal, const RelayMetrics& metrics,
               std::chrono::milliseconds interval, std::chrono::milliseconds statement)
      : relay_(std::move(relay)),
        journal_(journal),
        metrics_(metrics),
        interval_(interval),
        statement_(statement) {}

  // Looks if it is time to. `confirmed` is known to the process that publishes; the others ask for
  // the cursor. While the database does not answer, what was seen last grows older.
  absl::Status Look(Instant now, const std::optional<Position>& confirmed);

 private:
  absl::StatusOr<Backlog> Inspect(const std::optional<Position>& confirmed);

  const std::string relay_;
  Journal& journal_;
  const RelayMetrics& metrics_;
  const std::chrono::milliseconds interval_;
  const std::chrono::milliseconds statement_;
  Instant looked_at_;
  std::unique_ptr<JournalReader> reader_;
  Position position_;
  std::optional<Instant> oldest_;
  std::uint64_t horizon_ = 0;
  std::optional<Instant> horizon_since_;
};

}  // namespace lotura::events
