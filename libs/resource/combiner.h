// Lets units that wait at the same time share a statement and a commit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "libs/resource/store.h"

namespace lotura::resource {

struct CombinerLimits {
  // Units that share one commit, and units that may wait; one more is refused.
  std::size_t batch_max = 64;
  std::size_t waiting_max = 1024;
};

// Takes what waits and waits for nobody: a batch forms by itself while an earlier one commits. A
// unit that names a record, a request or a match key of the batch stays for the next one, and so
// does what comes after it on the same record. Thread-safe.
class Combiner {
 public:
  using Done = std::function<void(absl::StatusOr<Outcome>)>;

  // `committed` is called after each batch, from the thread that committed it; it must not block.
  Combiner(Store& store, CombinerLimits limits, std::function<void()> committed = {})
      : store_(store), limits_(limits), committed_(std::move(committed)) {}
  // Commits what waits, then stops.
  ~Combiner();
  Combiner(const Combiner&) = delete;
  Combiner& operator=(const Combiner&) = delete;

  // `done` is called once, from the thread that made the step, or at once with RESOURCE_EXHAUSTED.
  // A unit whose deadline passes before its turn is not written: DEADLINE_EXCEEDED.
  void Submit(Unit unit, Done done);
  // Submits and waits for the outcome, until the deadline of the call: then the unit may be written
  // or not, as a repetition of its request will tell.
  absl::StatusOr<Outcome> Commit(Unit unit);
  // Commits one batch of what waits; false if nothing did.
  bool Step();
  // Drives steps on this many threads of its own.
  void Start(std::size_t threads);
  [[nodiscard]] std::size_t Waiting() const;

 private:
  struct Waiter {
    Unit unit;
    Done done;
    // What may occur only once in a batch.
    std::vector<std::string> marks;
  };

  struct Taken {
    std::vector<Waiter> batch;
    // Those before it whose deadline has passed, to be told without the lock.
    std::vector<Waiter> late;
  };

  Taken TakeBatch();
  void Drive(const std::stop_token& stop);

  Store& store_;
  const CombinerLimits limits_;
  const std::function<void()> committed_;
  mutable std::mutex mutex_;  // guards waiting_
  std::condition_variable_any arrived_;
  std::deque<Waiter> waiting_;
  std::vector<std::jthread> threads_;
};

}  // namespace lotura::resource
