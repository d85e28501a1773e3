// Removes what a service holds of tenants that are gone: one pass at a time, so that a thread or a
// test can drive it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/events/journal.h"
#include "libs/events/step_thread.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/tenants/tables.h"

namespace lotura::tenants {

struct PurgeMetrics {
  explicit PurgeMetrics(const observe::Metrics& metrics);

  observe::Counter removed;
  // In every process, whoever removes.
  observe::Gauge waiting;
  // By reason.
  observe::CounterFamily failures;
};

struct PurgeOptions {
  // This process.
  Uuid holder;
  TenantId operator_tenant;
  // Rows that one statement removes, and blocks of a table without an index that one looks through.
  std::int64_t rows = 1'000;
  std::int64_t blocks = 2'000;
  // A tenant is gone for good when nothing was found for so long: what was on its way when it went
  // has been written by then. The longest way is that of an object into the archive, 60 s between
  // two statements of 10 s. A call of 30 s whose reads wait for two commits of twice 5 s takes 50
  // s, and batches of consumers and seals take less.
  std::chrono::milliseconds settle{90'000};
  std::chrono::milliseconds interval{1'000};
  std::chrono::milliseconds lease{30'000};
  // Bound of a single statement.
  std::chrono::milliseconds statement{10'000};
};

// One process at a time does the work, under the lease "purge". Whoever comes after a process that
// was killed goes on: what is removed is committed statement by statement, and counted with it.
// Used by one thread, but for RequestStop.
class PurgeStep {
 public:
  // The tenants that are gone, asked in each pass.
  using Gone = std::function<std::vector<TenantId>()>;

  PurgeStep(PurgeOptions options, pg::Database& database, events::Journal& journal, Gone gone,
            const observe::Metrics& metrics, const observe::Log& log);

  // One pass; returns how long to pause. A process without the lease only measures.
  std::chrono::microseconds Run();
  // The pass that runs ends soon. From any thread.
  void RequestStop() { stopping_ = true; }
  // Gives the lease to whoever wants it.
  void Stop();

 private:
  struct Due {
    TenantId tenant;
    // Whether it is time to look through all tables.
    bool now = false;
  };
  // What stands of a purge.
  struct Begun {
    bool ended = false;
    bool now = false;
  };

  absl::Status Pass();
  // Of the tenants that are gone those whose purge has not ended, as far as this process knows.
  std::vector<TenantId> Unfinished();
  // Notes those that are new.
  absl::StatusOr<std::vector<Due>> Begin(const std::vector<TenantId>& tenants);
  // By the names of their records.
  absl::StatusOr<std::map<std::string, Begun>> ReadBegun(const std::vector<std::string>& names);
  absl::Status Purge(const TenantId& tenant);
  absl::Status Clear(const Table& table, const TenantId& tenant);
  // How many rows of the tenant were in the table.
  absl::StatusOr<std::int64_t> Empty(const Table& table, const TenantId& tenant);
  // One statement: how many rows it has changed. ABORTED if the process stops, or is not the one
  // that works any more.
  absl::StatusOr<std::int64_t> Change(const char* name, const std::string& text,
                                      const pg::Params& params);
  // Whether the lease is this process's, for a while.
  absl::StatusOr<bool> HoldLease();
  [[nodiscard]] Deadline Bound() const { return Deadline::After(options_.statement); }

  const PurgeOptions options_;
  pg::Database& database_;
  events::Journal& journal_;
  const Gone gone_;
  const PurgeMetrics metrics_;
  const observe::Log log_;
  std::atomic<bool> stopping_ = false;
  std::optional<events::LeaseToken> lease_;
  std::chrono::steady_clock::time_point renew_at_;
  // Whose purge has ended; for good.
  std::set<TenantId> ended_;
  std::string last_failure_;
};

// The step and the thread that drives it. Thread-safe.
class Purger {
 public:
  Purger(const PurgeOptions& options, pg::Database& database, events::Journal& journal,
         PurgeStep::Gone gone, const observe::Metrics& metrics, const observe::Log& log)
      : step_(options, database, journal, std::move(gone), metrics, log),
        thread_(
            {.name = "purge"}, metrics, log, [this] { return step_.Run(); },
            [this] { step_.Stop(); }) {}

  void Start() { thread_.Start(); }
  void RequestStop() {
    step_.RequestStop();
    thread_.RequestStop();
  }
  void Stop() {
    RequestStop();
    thread_.Stop();
  }

 private:
  PurgeStep step_;
  events::StepThread thread_;
};

}  // namespace lotura::tenants
