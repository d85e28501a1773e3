// The threads that run use cases, behind a bounded queue: first come, first served.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/overload.h"
#include "libs/observe/metrics.h"

namespace lotura::rpc {

// A piece of work for the executor. Exactly one of Run and Drop is called, once.
class Work {
 public:
  virtual ~Work() = default;
  virtual void Run() noexcept = 0;
  // The deadline passed in the queue, it waited too long under overload, or the executor stops.
  virtual void Drop(const absl::Status& why) noexcept = 0;
  [[nodiscard]] virtual Deadline deadline() const = 0;
};

struct ExecutorOptions {
  // Label of its metrics.
  std::string name = "calls";
  std::size_t threads = 6;
  std::size_t queue_max = 1024;
  // How long work waits under overload (see Overload); what would wait longer is refused.
  std::chrono::milliseconds patience{5};
};

// Thread-safe. Metrics: lotura_executor_queue_length, _busy_threads, _wait_seconds,
// _rejected_total, _expired_total, _overloaded.
class Executor {
 public:
  Executor(const ExecutorOptions& options, const observe::Metrics& metrics);
  // Stops, and waits for what runs.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void Start();
  // RESOURCE_EXHAUSTED (QUEUE_FULL or OVERLOADED, with RetryInfo) if the queue is full or more
  // comes than is done, UNAVAILABLE (STOPPING) once it stops. In these cases neither Run nor Drop
  // is called. Work that is submitted before Start waits.
  [[nodiscard]] absl::Status Submit(std::shared_ptr<Work> work);
  // Goes on with work that has begun: before everything that has not, and however long the queue
  // is, since whoever resumes was admitted once. Never dropped; once the executor has stopped, run
  // on the caller's thread.
  void Resume(std::shared_ptr<Work> work);
  // Takes no more work, drops what waits, and waits for what runs or was resumed.
  void Stop();

 private:
  struct Entry {
    std::shared_ptr<Work> work;  // shared with the transport, which may end the call first
    Deadline::Point since;
    bool has_begun = false;
    // It waited too long for what comes after it.
    bool is_stale = false;
    // Its deadline passed before it began.
    bool is_late = false;
  };

  void RunThread();
  // The next piece of work, or an entry without work once the executor stops. Waits with the lock
  // released.
  Entry Next(std::unique_lock<std::mutex>& lock);
  // Whether the queue takes one more; with the lock.
  absl::Status Admit(Deadline::Point now);
  void Begin(const Entry& entry);
  // After Begin: whether anybody has got what was asked for.
  static bool WasDone(const Entry& entry);
  void Run(Work& work);
  void ShowLength();

  const ExecutorOptions options_;
  const observe::Gauge length_;
  const observe::Gauge busy_;
  const observe::Histogram wait_;
  const observe::Counter rejected_;
  const observe::Counter expired_;
  const observe::Gauge overloaded_;

  std::mutex mutex_;  // guards queue_, resumed_, overload_ and stopping_
  std::condition_variable wake_;
  std::deque<Entry> queue_;
  std::deque<Entry> resumed_;
  Overload overload_;
  bool stopping_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace lotura::rpc
