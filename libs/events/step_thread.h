// A thread that drives a step function.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace lotura::events {

// Runs a step again when the pause that it asked for is over or when it is woken, but not more
// often than once in `spacing`. Wake may be called from any thread at any time, also before Start.
class StepThread {
 public:
  // Returns how long to pause.
  using Step = std::function<std::chrono::microseconds()>;

  StepThread(Step step, std::chrono::microseconds spacing)
      : step_(std::move(step)), spacing_(spacing) {}
  ~StepThread() { Stop(); }
  StepThread(const StepThread&) = delete;
  StepThread& operator=(const StepThread&) = delete;

  // May be called more than once, by one thread.
  void Start();
  // Returns when the step that runs has ended. May be called more than once.
  void Stop();
  // Costs a look at a flag if a step is to run anyway.
  void Wake();

 private:
  void Drive(const std::stop_token& stop);

  const Step step_;
  const std::chrono::microseconds spacing_;
  std::atomic<bool> woken_ = false;
  std::mutex mutex_;  // guards the change of woken_ that a sleeper waits for
  std::condition_variable_any changed_;
  std::jthread thread_;
};

}  // namespace lotura::events
