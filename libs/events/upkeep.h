// Keeps the tables of the journal and the inbox usable: days ahead exist, old days are gone.
#pragma once

#include <string>
#include <vector>

#include "libs/events/journal.h"
#include "libs/events/metrics.h"
#include "libs/events/partitions.h"
#include "libs/events/step_thread.h"
#include "libs/observe/log.h"

namespace lotura::events {

// A table that is partitioned by day, and for how long its days stay: at least two.
struct DailyTable {
  std::string name;
  std::chrono::days keep;
};

struct UpkeepOptions {
  // This process.
  Uuid holder;
  int days_ahead = 7;
  // Days that stay; at least two.
  std::chrono::days journal_days{30};
  std::chrono::days inbox_days{30};
  // Beside journal and inbox.
  std::vector<DailyTable> others = {};
  std::chrono::milliseconds interval{60'000};
  std::chrono::milliseconds statement{10'000};
};

// One process at a time does the work, under the lease "upkeep". A day of the journal is dropped
// only when every relay has published all of it. Used by one thread.
class UpkeepStep {
 public:
  UpkeepStep(UpkeepOptions options, pg::Database& database, Journal& journal, const Clock& clock,
             const observe::Metrics& metrics, const observe::Log& log);

  // One pass; returns how long to pause. A process without the lease only measures.
  std::chrono::microseconds Run();
  // What a service needs before it may write, whoever holds the lease: partitions and the right
  // epoch.
  absl::Status Prepare();

 private:
  static std::vector<DailyTable> TablesOf(const UpkeepOptions& options);
  [[nodiscard]] std::vector<std::string> TableNames() const;
  absl::Status Pass(Day today);
  absl::Status DropOldDays(const DailyTable& table, Day today);
  absl::Status Measure(Day today);
  // Counts a failure; the other parts of the pass go on.
  void Note(const absl::Status& status);
  [[nodiscard]] Deadline Bound() const { return Deadline::After(options_.statement); }

  const UpkeepOptions options_;
  pg::Database& database_;
  Journal& journal_;
  const Clock& clock_;
  const UpkeepMetrics metrics_;
  const observe::Log log_;
  const std::vector<DailyTable> tables_;
};

// The step and the thread that drives it. Thread-safe.
class Upkeep {
 public:
  Upkeep(const UpkeepOptions& options, pg::Database& database, Journal& journal, const Clock& clock,
         const observe::Metrics& metrics, const observe::Log& log)
      : step_(options, database, journal, clock, metrics, log),
        thread_({.name = "upkeep"}, metrics, log, [this] { return step_.Run(); }) {}

  // An error stops the start of a service: it could not write.
  absl::Status Start() {
    absl::Status status = step_.Prepare();
    if (status.ok()) thread_.Start();
    return status;
  }
  void RequestStop() { thread_.RequestStop(); }
  void Stop() { thread_.Stop(); }

 private:
  UpkeepStep step_;
  StepThread thread_;
};

}  // namespace lotura::events
