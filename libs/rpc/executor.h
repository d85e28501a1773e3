// The threads that run use cases, behind a bounded queue: what is interactive first, and in order
// of arrival.
#pragma once

#include <absl/status/status.h>

#include <array>
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
#include "libs/observe/metrics.h"
#include "libs/rpc/priority.h"

namespace lotura::rpc {

// A piece of work for the executor. Exactly one of Run and Drop is called, once.
class Work {
 public:
  virtual ~Work() = default;
  virtual void Run() noexcept = 0;
  // The deadline passed in the queue, or the executor stops.
  virtual void Drop(const absl::Status& why) noexcept = 0;
  [[nodiscard]] virtual Deadline deadline() const = 0;
  [[nodiscard]] virtual Priority priority() const = 0;
};

struct ExecutorOptions {
  // Label of its metrics.
  std::string name = "calls";
  std::size_t threads = 6;
  std::size_t queue_max = 1024;
};

// Thread-safe. Metrics: lotura_executor_queue_length, _busy_threads, _wait_seconds,
// _rejected_total, _expired_total.
class Executor {
 public:
  Executor(const ExecutorOptions& options, const observe::Metrics& metrics);
  // Stops, and waits for what runs.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void Start();
  // RESOURCE_EXHAUSTED (QUEUE_FULL, with RetryInfo) if the queue is full, UNAVAILABLE (STOPPING)
  // once it stops. In these cases neither Run nor Drop is called. Work that is submitted before
  // Start waits.
  [[nodiscard]] absl::Status Submit(std::shared_ptr<Work> work);
  // Goes on with work that has begun: before everything that has not, and however long the queue
  // is, since whoever resumes was admitted once. Never dropped; once the executor has stopped, run
  // on the caller's thread.
  void Resume(std::shared_ptr<Work> work);
  // Takes no more work, drops what waits, and waits for what runs or was resumed.
  void Stop();
  [[nodiscard]] std::size_t threads() const { return options_.threads; }

 private:
  struct Entry {
    std::shared_ptr<Work> work;  // shared with the transport, which may end the call first
    Deadline::Point since;
    bool has_begun = false;
  };

  void RunThread();
  // The next piece of work, or an entry without work once the executor stops. Waits with the lock
  // released.
  Entry Next(std::unique_lock<std::mutex>& lock);
  // Whether the queue takes one more; with the lock.
  absl::Status Admit();
  void Begin(const Entry& entry);
  void Run(Work& work);
  void ShowLength();
  // With the lock: those that have not begun.
  [[nodiscard]] std::size_t Waiting() const;
  // With the lock: the queue whose turn it is.
  std::deque<Entry>& NextQueue();

  const ExecutorOptions options_;
  const observe::Gauge length_;
  const observe::Gauge busy_;
  const observe::Histogram wait_;
  const observe::Counter rejected_;
  const observe::Counter expired_;

  std::mutex mutex_;  // guards queues_, resumed_ and stopping_
  std::condition_variable wake_;
  std::array<std::deque<Entry>, kPriorities.size()> queues_;
  std::deque<Entry> resumed_;
  bool stopping_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace lotura::rpc
