// Reads of single records: those that wait at the same time share a round trip to the cache, and
// what it does not know, a statement.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "libs/cache/single_flight.h"
#include "libs/resource/gatherer.h"
#include "libs/resource/record_cache.h"

namespace lotura::resource {

struct RecordReadLimits {
  // Reads that share a round trip, and reads that may wait in all; one more is refused.
  std::size_t batch_max = 64;
  std::size_t waiting_max = 1024;
};

// Two stages, each with threads of its own, so that a store that is slow does not keep those
// waiting whom the cache can answer. No thread waits for another reader. Thread-safe.
class RecordReads {
 public:
  enum class From {
    kCache,  // and from the store what the cache does not know
    kStore,  // and nothing is kept: for whoever is about to write the record
  };
  struct Read {
    TenantRecord record;
    Deadline deadline;
    From from = From::kCache;
  };
  using Result = absl::StatusOr<std::optional<Record>>;
  using Done = std::function<void(const Result&)>;

  enum class Stage { kCache, kStore };
  // How many reads shared a round trip.
  struct Batch {
    Stage stage = Stage::kCache;
    std::size_t reads = 0;
  };

  // `gathered` is called for each batch, from any thread; it must not block.
  RecordReads(Store& store, RecordCache& cache, RecordReadLimits limits,
              std::function<void(Batch)> gathered = {});
  RecordReads(const RecordReads&) = delete;
  RecordReads& operator=(const RecordReads&) = delete;

  // `done` is called once: from a thread of a stage, or at once with RESOURCE_EXHAUSTED
  // (READS_WAITING). It must not block. A read that another one has begun is not made
  // again; one that is late is not made at all: DEADLINE_EXCEEDED.
  void Submit(Read read, Done done);
  // Works on one batch of either stage; false if nothing waited.
  bool Step();
  // Drives steps: `threads` is how many statements run at the same time.
  void Start(std::size_t threads);

 private:
  struct Waiter {
    Read read;
    Done done;
    // It joined a load that ended with that reader's deadline and not with its own.
    bool came_back = false;
  };
  // What the cache did not know.
  struct Missed {
    Read read;
    RecordCache::Look look;
    // Without a lease: who waits for it. With one, those who entered the flight do.
    std::optional<Waiter> waiter;
  };
  using Flights = cache::SingleFlight<Result>;

  // Whether one more may wait.
  absl::Status Admit();
  void LookUp(std::vector<Waiter> batch);
  void Miss(Waiter waiter, RecordCache::Look look);
  void AskStore(Waiter waiter);
  void Load(std::vector<Missed> batch);
  void EndFlight(const Missed& missed);
  // One result for each.
  std::vector<Result> ReadStore(std::span<const Missed> batch);
  void Land(const Missed& missed, const Result& result);
  void Finish(Waiter waiter, const Result& result);

  Store& store_;
  RecordCache& cache_;
  const RecordReadLimits limits_;
  const std::function<void(Batch)> gathered_;
  Flights flights_;
  std::mutex mutex_;  // guards waiting_
  // Reads that have no answer yet.
  std::size_t waiting_ = 0;
  // Last, in this order: at the end the cache is asked for what waits, then the store.
  Gatherer<Missed> loads_;
  Gatherer<Waiter> looks_;
};

}  // namespace lotura::resource
