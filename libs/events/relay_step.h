// Publishes the journal: one pass at a time, so that a thread or a simulation can drive it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/events/backlog_watch.h"
#include "libs/events/bus.h"
#include "libs/events/journal.h"
#include "libs/events/journal_listener.h"
#include "libs/events/metrics.h"
#include "libs/observe/log.h"

namespace lotura::events {

struct RelayOptions {
  // Whose journal it is; gives events their source and their topic.
  std::string service;
  // Of the lease and the cursor.
  std::string name = kKafkaRelay;
  // This process.
  Uuid holder;
  // How much one read asks for.
  ReadLimit batch;
  // Batches that are on their way at once while there is a backlog. So much is published again
  // after a crash at most.
  std::size_t batches = 4;
  // Whether a thread reads one batch more while the one before is produced: it is in memory, too.
  bool read_ahead = false;
  std::chrono::milliseconds lease{5'000};
  // How soon new entries are looked for when nobody tells of them.
  std::chrono::milliseconds poll{20};
  // What a crash repeats at most.
  std::chrono::milliseconds cursor_interval{100};
  std::chrono::milliseconds inspect_interval{1'000};
  std::chrono::milliseconds retry{200};
  // Bound of a single statement.
  std::chrono::milliseconds statement{5'000};
};

// What a relay works with; everything outlives it.
struct RelayParts {
  Journal& journal;
  Bus& bus;
  const Clock& clock;
  // Hears all that is read; null: nobody does.
  JournalListener* listener = nullptr;
};

// While it holds the lease it reads a batch, produces it, and moves its position past what the
// broker has confirmed, never beyond a record that was not. While there is a backlog, the next
// batches follow before the first one is confirmed. A record that fails costs the producer, and all
// that was on its way is read again: the next producer begins with the first record that was not
// confirmed. So each record is delivered at least once, and first deliveries of a key are in order
// whoever else is publishing: every relay delivers a contiguous run of the journal that begins
// where all before is confirmed. The lease only spares duplicates. With or without the lease it
// measures the backlog. Used by one thread, but for SetMode.
class RelayStep {
 public:
  // `wake` is called when there is something to do, from any thread, and must not block.
  RelayStep(RelayOptions options, const RelayParts& parts, const observe::Metrics& metrics,
            const observe::Log& log, std::function<void()> wake);
  ~RelayStep();
  RelayStep(const RelayStep&) = delete;
  RelayStep& operator=(const RelayStep&) = delete;

  // One pass; returns how long to pause unless woken.
  std::chrono::microseconds Run();
  // Before its topic exists a relay only watches. From any thread.
  enum class Mode { kPublish, kWatch };
  void SetMode(Mode mode) { mode_ = mode; }

  // Saves the cursor and gives the lease to whoever wants it.
  void Stop();

  [[nodiscard]] bool HoldsLease() const { return term_ != nullptr; }

 private:
  // What belongs to holding the lease without interruption.
  struct Term;
  struct Batch;

  absl::Status HoldLease(Instant now);
  absl::Status BeginTerm(const LeaseToken& lease);
  void EndTerm();
  // Of a term under this lease.
  std::unique_ptr<JournalReader> NewReader(const LeaseToken& lease);
  absl::Status Collect();
  void Advance(Batch& batch, std::size_t confirmed);
  void ReadAgain();
  [[nodiscard]] bool MayRead() const;
  absl::Status ReadBatch();
  absl::Status Produce();
  absl::Status SaveCursor(Instant now);
  absl::Status Pass(Instant now);
  void Watch(Instant now);
  std::chrono::microseconds AfterFailure(const absl::Status& status);
  [[nodiscard]] Deadline Bound() const { return Deadline::After(options_.statement); }

  const RelayOptions options_;
  Journal& journal_;
  Bus& bus_;
  const Clock& clock_;
  JournalListener* const listener_;
  const RelayMetrics metrics_;
  const observe::Log log_;
  const std::function<void()> wake_;
  BacklogWatch watch_;
  std::atomic<Mode> mode_ = Mode::kPublish;
  std::unique_ptr<Term> term_;
  Instant renew_at_;
  Instant retry_at_;
  std::string last_failure_;
};

}  // namespace lotura::events
