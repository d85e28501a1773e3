// A value that many threads read and few replace.
#pragma once

#include <memory>
#include <mutex>

namespace lotura {

// Holds an immutable value; readers keep the one they got while a newer one replaces it.
// Thread-safe.
template <typename T>
class Snapshot {
 public:
  explicit Snapshot(T value) : value_(std::make_shared<const T>(std::move(value))) {}

  [[nodiscard]] std::shared_ptr<const T> Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  void Set(T value) {
    auto next = std::make_shared<const T>(std::move(value));
    const std::lock_guard lock(mutex_);
    value_.swap(next);
  }

 private:
  mutable std::mutex mutex_;  // guards value_
  std::shared_ptr<const T> value_;
};

}  // namespace lotura
