// Seals the journal: one pass at a time, so that a thread or a test can drive it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "libs/audit/heard_entries.h"
#include "libs/audit/pg_seals.h"
#include "libs/base/ed25519.h"
#include "libs/events/journal.h"
#include "libs/events/step_thread.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"

namespace lotura::audit {

struct SealMetrics {
  explicit SealMetrics(const observe::Metrics& metrics);

  observe::Counter seals;
  observe::Counter entries;
  // How long the process that seals has been behind, or could not tell; 0 in all others.
  observe::Gauge unsealed_seconds;
  // By reason.
  observe::CounterFamily failures;
};

struct SealOptions {
  std::string service;
  // This process.
  Uuid holder;
  // What one seal covers at most, of all tenants together.
  events::ReadLimit batch{.entries = 1000, .bytes = 1 << 20};
  std::chrono::milliseconds lease{10'000};
  // How soon entries are sealed; a whole batch that waits is sealed at once.
  std::chrono::milliseconds poll{500};
  std::chrono::milliseconds retry{1'000};
  // Bound of a single statement.
  std::chrono::milliseconds statement{5'000};
};

// What it works with; everything outlives it.
struct SealParts {
  events::Journal& journal;
  HeardEntries& heard;
  PgSeals& seals;
  const Clock& clock;
};

// While it holds the lease it seals what was committed, in its final order: what a relay of this
// process has read, and what it reads itself where that is not known. Entries are sealed once each,
// whoever seals: seals and cursor are written together. Used by one thread.
class SealStep {
 public:
  SealStep(SealOptions options, SigningKey key, const SealParts& parts,
           const observe::Metrics& metrics, const observe::Log& log);

  // One pass; returns how long to pause.
  std::chrono::microseconds Run();
  // Gives the lease to whoever wants it.
  void Stop();

 private:
  struct Term {
    events::LeaseToken lease;
    std::unique_ptr<events::JournalReader> reader;
    // Everything up to here is sealed.
    events::Position sealed;
  };

  // Whether there may be more to seal.
  absl::StatusOr<bool> Pass(Instant now);
  absl::Status HoldLease(Instant now);
  absl::StatusOr<bool> SealBatch(Instant now);
  absl::StatusOr<HeardEntries::Taken> NextBatch();
  void EndTerm();
  std::chrono::microseconds AfterFailure(const absl::Status& status, Instant now);
  void Measure(Instant now);
  [[nodiscard]] Deadline Bound() const { return Deadline::After(options_.statement); }

  const SealOptions options_;
  const SigningKey key_;
  events::Journal& journal_;
  HeardEntries& heard_;
  PgSeals& seals_;
  const Clock& clock_;
  const SealMetrics metrics_;
  const observe::Log log_;
  std::optional<Term> term_;
  Instant renew_at_;
  // Since when there has been something to seal, or nobody could tell.
  std::optional<Instant> behind_since_;
  std::string last_failure_;
};

// The step and the thread that drives it. Thread-safe.
class Sealer {
 public:
  Sealer(const SealOptions& options, const SigningKey& key, const SealParts& parts,
         const observe::Metrics& metrics, const observe::Log& log)
      : step_(options, key, parts, metrics, log),
        thread_(
            {.name = "sealer"}, metrics, log, [this] { return step_.Run(); },
            [this] { step_.Stop(); }) {}

  void Start() { thread_.Start(); }
  void RequestStop() { thread_.RequestStop(); }
  void Stop() { thread_.Stop(); }

 private:
  SealStep step_;
  events::StepThread thread_;
};

}  // namespace lotura::audit
