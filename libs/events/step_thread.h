// A thread that drives a step function.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "libs/observe/log.h"

namespace lotura::events {

// Who drives, and who is told when a step breaks.
struct StepThreadOptions {
  // The label of the metric: "relay".
  std::string name;
  // Steps do not follow each other sooner.
  std::chrono::microseconds spacing{0};
  // After an exception, which is a bug.
  std::chrono::milliseconds pause_after_exception{1'000};
};

// Runs a step again when the pause that it asked for is over or when it is woken, but not more
// often than once in `spacing`. An exception that leaves a step is logged under an id and counted,
// and the next step follows after a pause. Wake may be called from any thread at any time, also
// before Start.
class StepThread {
 public:
  // Returns how long to pause.
  using Step = std::function<std::chrono::microseconds()>;
  // Runs on the thread after the last step.
  using End = std::function<void()>;

  StepThread(StepThreadOptions options, const observe::Metrics& metrics, const observe::Log& log,
             Step step, End end = {});
  ~StepThread() { Stop(); }
  StepThread(const StepThread&) = delete;
  StepThread& operator=(const StepThread&) = delete;

  // May be called more than once, by one thread. Does nothing once a stop was asked for.
  void Start();
  // Returns at once: no further step begins. From any thread.
  void RequestStop();
  // Returns when the step that runs has ended. May be called more than once, by one thread, which
  // is not in Start.
  void Stop();
  // Costs a look at a flag if a step is to run anyway.
  void Wake();

 private:
  void Drive(const std::stop_token& stop);
  std::chrono::microseconds Escaped(std::string_view what);

  const StepThreadOptions options_;
  const observe::Log log_;
  const observe::Counter exceptions_;
  const Step step_;
  const End end_;
  std::atomic<bool> woken_ = false;
  std::mutex mutex_;  // guards the change of woken_ that a sleeper waits for
  std::condition_variable_any changed_;
  std::mutex starting_;  // guards stopped_, and that thread_ gets its thread
  bool stopped_ = false;
  std::jthread thread_;
};

}  // namespace lotura::events
