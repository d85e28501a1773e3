// Lets units that wait at the same time share a statement and a commit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "libs/resource/batch.h"
#include "libs/resource/store.h"

namespace lotura::resource {

struct CombinerLimits {
  // Units that share one commit, and units that may wait; one more is refused.
  std::size_t batch_max = 64;
  std::size_t waiting_max = 4096;
};

// Takes what waits and waits for nobody: a batch forms by itself while an earlier one commits. What
// could share a batch does: another one begins beside it only with a full batch, or when what has
// waited longest could not have been taken by the newest one. A unit that names a record, a request
// or a match key of the batch stays for the next one, and so does what comes after it on the same
// record. Thread-safe.
class Combiner {
 public:
  // Given the unit back, for whoever has to say what was wrong with it.
  using Done = std::function<void(absl::StatusOr<Outcome>, const Unit&)>;

  // What a batch left behind.
  struct Committed {
    std::size_t units = 0;
    // Units that waited when it ended.
    std::size_t waiting = 0;
  };

  // `committed` is called after each batch, from the thread that committed it; it must not block.
  Combiner(Store& store, CombinerLimits limits, std::function<void(Committed)> committed = {})
      : store_(store), limits_(limits), committed_(std::move(committed)) {}
  // Commits what waits, then stops.
  ~Combiner();
  Combiner(const Combiner&) = delete;
  Combiner& operator=(const Combiner&) = delete;

  // `done` is called once, from the thread that made the step, or at once with RESOURCE_EXHAUSTED
  // (WRITES_WAITING) if too many wait; it must not block. A unit whose deadline passes before its
  // turn is not written: DEADLINE_EXCEEDED.
  void Submit(Unit unit, Done done);
  // Commits one batch of what waits; false if nothing did.
  bool Step();
  // Drives steps on this many threads of its own.
  void Start(std::size_t threads);
  [[nodiscard]] std::size_t Waiting() const;

 private:
  // What units of one batch have in common; nothing for one that shares with nobody.
  struct Common {
    TenantId tenant;
    std::vector<Part> parts;

    friend bool operator==(const Common&, const Common&) = default;
  };

  struct Waiter {
    Unit unit;
    Done done;
    std::optional<Common> common;
    // What may occur only once in a batch.
    std::vector<std::string> marks;
  };

  struct Taken {
    std::vector<Waiter> batch;
    // Those before it whose deadline has passed, to be told without the lock.
    std::vector<Waiter> late;
  };

  static std::optional<Common> CommonOf(const Unit& unit);
  Taken TakeBatch();
  void Write(std::vector<Waiter> batch);
  // Whether a batch is worth a step of its own now; with the lock.
  [[nodiscard]] bool IsWorthABatch() const;
  void Drive(const std::stop_token& stop);

  Store& store_;
  const CombinerLimits limits_;
  const std::function<void(Committed)> committed_;
  mutable std::mutex mutex_;  // guards waiting_, running_ and newest_
  std::condition_variable_any arrived_;
  std::deque<Waiter> waiting_;
  // Batches that are being written, and what units of the newest one have in common.
  std::size_t running_ = 0;
  std::optional<Common> newest_;
  std::vector<std::jthread> threads_;
};

}  // namespace lotura::resource
