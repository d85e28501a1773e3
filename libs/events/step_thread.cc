#include "libs/events/step_thread.h"

namespace lotura::events {

void StepThread::Start() {
  if (thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { Drive(stop); });
}

void StepThread::Stop() {
  thread_.request_stop();
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
    const auto pause = step_();
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, start + std::max(pause, spacing_),
                        [this] { return woken_.load(); });
    if (woken_) changed_.wait_until(lock, stop, start + spacing_, [] { return false; });
  }
}

}  // namespace lotura::events
