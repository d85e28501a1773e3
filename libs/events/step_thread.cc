#include "libs/events/step_thread.h"

#include "libs/observe/fence.h"

namespace lotura::events {

StepThread::StepThread(StepThreadOptions options, const observe::Metrics& metrics,
                       const observe::Log& log, Step step, End end)
    : options_(std::move(options)),
      log_(log),
      exceptions_(metrics
                      .AddCounters({.name = "lotura_step_exceptions_total",
                                    .help = "Exceptions that left a step of a thread: bugs",
                                    .labels = {"thread"}})
                      .With({options_.name})),
      step_(std::move(step)),
      end_(std::move(end)) {}

void StepThread::Start() {
  const std::lock_guard lock(starting_);
  if (stopped_ || thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { Drive(stop); });
}

void StepThread::RequestStop() {
  const std::lock_guard lock(starting_);
  stopped_ = true;
  thread_.request_stop();
}

void StepThread::Stop() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
}

void StepThread::Wake() {
  if (woken_.exchange(true)) return;
  // Without the lock a sleeper could miss it between its look at the flag and its sleep.
  const std::lock_guard lock(mutex_);
  changed_.notify_one();
}

void StepThread::Drive(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto start = std::chrono::steady_clock::now();
    woken_ = false;
    const auto pause =
        observe::Fenced(step_, [this](std::string_view what) { return Escaped(what); });
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, start + std::max(pause, options_.spacing),
                        [this] { return woken_.load(); });
    if (woken_) changed_.wait_until(lock, stop, start + options_.spacing, [] { return false; });
  }
  if (end_) end_();
}

std::chrono::microseconds StepThread::Escaped(std::string_view what) {
  exceptions_.Add();
  log_.Error(
      "an exception escaped from a step",
      {observe::Fields::kErrorId(observe::NewErrorId()), observe::Fields::kTarget(options_.name),
       observe::Fields::kError(observe::Redacted(what))});
  return options_.pause_after_exception;
}

}  // namespace lotura::events
