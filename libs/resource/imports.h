// The imports of one service: their threads, their store and their limits, apart from those of
// calls that somebody waits for.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "libs/base/fair_places.h"
#include "libs/observe/log.h"
#include "libs/resource/changes.h"
#include "libs/resource/import_metrics.h"

namespace lotura::resource {

struct ImportLimits {
  // Imports at the same time, of all tenants together; one more is refused.
  std::size_t open_max = 16;
  // Chunks of one import that are under way; the client waits with the next one.
  std::size_t chunks_max = 3;
  // Longest time for one chunk.
  std::chrono::milliseconds chunk{30'000};
  // An import that neither sends a chunk nor takes a result for so long ends, so that it does not
  // keep others out.
  std::chrono::milliseconds silence{60'000};
};

// What imports work with; everything outlives them.
struct ImportParts {
  // With a store whose connections are for imports alone.
  EngineParts engine;
  const Clock& clock;
  observe::Log log;
  observe::Metrics metrics;
  // Called after each chunk that was committed; must not block. May be empty.
  std::function<void()> committed;
};

// Thread-safe.
class Imports {
 public:
  explicit Imports(ImportParts parts, const ImportLimits& limits = {})
      : parts_(std::move(parts)),
        limits_(limits),
        metrics_(parts_.metrics),
        places_(limits.open_max) {}
  ~Imports() { Stop(); }
  Imports(const Imports&) = delete;
  Imports& operator=(const Imports&) = delete;

  // Runs steps on so many threads of its own.
  void Start(std::size_t threads);
  // Ends what runs and drops what waits. Nothing is run afterwards.
  void Stop();

  // Tells whether an import goes on: it is asked from time to time, and must not block.
  using Look = std::function<void(Deadline::Point now)>;
  // Takes one of the places. RESOURCE_EXHAUSTED TOO_MANY_IMPORTS if there is none for the tenant.
  absl::StatusOr<std::uint64_t> Enter(const TenantId& tenant, Look look);
  // Gives it back.
  void Leave(std::uint64_t place);
  // `step` runs on a thread that may block, steps in the order in which they came.
  void Submit(std::function<void()> step);

  [[nodiscard]] const ImportParts& parts() const { return parts_; }
  [[nodiscard]] const ImportLimits& limits() const { return limits_; }
  [[nodiscard]] const ImportMetrics& metrics() const { return metrics_; }

 private:
  void Drive(const std::stop_token& stop);
  struct Open {
    TenantId tenant;
    Look look;
  };

  // What is to be asked now whether it goes on. Called with the lock held.
  std::vector<Look> LooksThatAreDue();

  const ImportParts parts_;
  const ImportLimits limits_;
  const ImportMetrics metrics_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable_any arrived_;
  std::deque<std::function<void()>> steps_;
  FairPlaces places_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t last_place_ = 0;
  Deadline::Point next_look_{};
  bool stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lotura::resource
