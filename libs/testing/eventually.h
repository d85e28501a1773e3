// Waiting in tests: for a condition, never for a span of time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace lotura::testing {

// True as soon as `predicate` holds, false if it does not within `bound`.
template <typename Predicate>
bool Eventually(const Predicate& predicate, std::chrono::milliseconds bound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    never.wait_for(lock, std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace lotura::testing
