// The outcome of one batch of records that are on their way to the broker.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace lotura::events {

// Thread-safe. `settled` is called, from any thread, when all are confirmed or the first one
// failed.
class Flight {
 public:
  Flight(std::size_t records, std::function<void()> settled)
      : outcomes_(records, Outcome::kOpen), settled_(std::move(settled)) {}

  void Confirm(std::size_t index, const absl::Status& status) {
    bool tell = false;
    {
      const std::lock_guard lock(mutex_);
      const bool was_settled = failed_ || confirmed_ == outcomes_.size();
      outcomes_[index] = status.ok() ? Outcome::kConfirmed : Outcome::kFailed;
      failed_ = failed_ || !status.ok();
      while (confirmed_ < outcomes_.size() && outcomes_[confirmed_] == Outcome::kConfirmed)
        ++confirmed_;
      tell = !was_settled && (failed_ || confirmed_ == outcomes_.size());
    }
    if (tell) settled_();
  }

  // How many records from the first one on are confirmed without a gap.
  [[nodiscard]] std::size_t confirmed() const {
    const std::lock_guard lock(mutex_);
    return confirmed_;
  }
  [[nodiscard]] bool failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  enum class Outcome : unsigned char { kOpen, kConfirmed, kFailed };

  mutable std::mutex mutex_;  // guards what follows
  std::vector<Outcome> outcomes_;
  std::size_t confirmed_ = 0;
  bool failed_ = false;
  const std::function<void()> settled_;
};

}  // namespace lotura::events
