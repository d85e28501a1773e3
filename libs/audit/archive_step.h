// Takes the sealed journal into an archive: one pass at a time, so that a thread or a test can
// drive it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "libs/audit/object_store.h"
#include "libs/audit/pg_seals.h"
#include "libs/events/pg_journal.h"
#include "libs/events/step_thread.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"

namespace lotura::audit {

// Of the lease and the cursor of whoever archives: days of the journal are not dropped before it.
inline constexpr char kArchiveRelay[] = "archive";

struct ArchiveMetrics {
  explicit ArchiveMetrics(const observe::Metrics& metrics);

  observe::Counter seals;
  observe::Counter objects;
  // For how long passes have failed, as each of them says at its end; 0 once one has succeeded, or
  // has left the work to another process.
  observe::Gauge unarchived_seconds;
  // When the object that is on its way was begun, or the pass; 0 between passes. By this one that
  // hangs shows while it does.
  observe::Gauge since_seconds;
  // By reason.
  observe::CounterFamily failures;
};

struct ArchiveOptions {
  std::string service;
  // This process.
  Uuid holder;
  // Whatever has been sealed is archived so often.
  std::chrono::milliseconds interval{std::chrono::hours(1)};
  // An object ends with the seal that makes it larger.
  std::size_t object_bytes = 16 << 20;
  std::chrono::milliseconds lease{120'000};
  std::chrono::milliseconds retry{10'000};
  // Bounds of a statement, and of an object's way into the archive.
  std::chrono::milliseconds statement{10'000};
  std::chrono::milliseconds put{60'000};
};

// What it works with; everything outlives it.
struct ArchiveParts {
  events::PgJournal& journal;
  PgSeals& seals;
  ObjectStore& store;
  const Clock& clock;
};

// While it holds the lease it writes, tenant by tenant, what has been sealed into objects called
// "<service>/<tenant>/<numbers of the first and the last seal>.jsonl": lines as ExportAuditLog has
// them, with all contents. What was written and not noted is written again, with what has come
// since: objects may overlap, and none is ever replaced by one that holds less. Used by one thread.
class ArchiveStep {
 public:
  ArchiveStep(ArchiveOptions options, const ArchiveParts& parts, const observe::Metrics& metrics,
              const observe::Log& log);

  // One pass; returns how long to pause.
  std::chrono::microseconds Run();
  // Gives the lease to whoever wants it.
  void Stop();

 private:
  absl::Status Pass();
  // Whether this process holds it.
  absl::StatusOr<bool> HoldLease();
  absl::Status ArchiveTenant(const Unarchived& tenant);
  // Archives what follows the seal; returns the last one, or the same if there is none.
  absl::StatusOr<std::int64_t> ArchiveObject(const TenantId& tenant, std::int64_t after);
  // That something begins now.
  void ShowBegin() const;
  void Measure(const absl::Status& passed, Instant begin);
  [[nodiscard]] Deadline Bound() const { return Deadline::After(options_.statement); }

  const ArchiveOptions options_;
  const ArchiveParts parts_;
  const ArchiveMetrics metrics_;
  const observe::Log log_;
  std::optional<events::LeaseToken> lease_;
  // When the first of the passes that failed in a row was begun.
  std::optional<Instant> behind_since_;
};

// The step and the thread that drives it. Thread-safe.
class Archiver {
 public:
  Archiver(const ArchiveOptions& options, const ArchiveParts& parts,
           const observe::Metrics& metrics, const observe::Log& log)
      : step_(options, parts, metrics, log),
        thread_(
            {.name = "archiver"}, metrics, log, [this] { return step_.Run(); },
            [this] { step_.Stop(); }) {}

  void Start() { thread_.Start(); }
  void RequestStop() { thread_.RequestStop(); }
  void Stop() { thread_.Stop(); }

 private:
  ArchiveStep step_;
  events::StepThread thread_;
};

}  // namespace lotura::audit
