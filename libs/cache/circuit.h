// Whether it is worth asking Redis.
#pragma once

#include <atomic>
#include <cstdint>

namespace lotura::cache {

// Closed while all is well; opens after a few failures in a row, so that a dead server costs
// nothing more. While it is open only the owner's probe goes through, and the owner closes it.
// Thread-safe.
class Circuit {
 public:
  enum class Change { kNone, kOpened };

  [[nodiscard]] bool IsClosed() const { return !open_.load(std::memory_order_acquire); }
  // At least one failure since the last success.
  [[nodiscard]] bool IsSuspect() const { return failures_.load(std::memory_order_relaxed) > 0; }

  void Succeeded() {
    // A plain read first: no cache line is written while all is well.
    if (IsSuspect()) failures_.store(0, std::memory_order_relaxed);
  }

  Change Failed() {
    if (failures_.fetch_add(1, std::memory_order_relaxed) + 1 < kFailuresToOpen)
      return Change::kNone;
    return open_.exchange(true, std::memory_order_acq_rel) ? Change::kNone : Change::kOpened;
  }

  void Close() {
    failures_.store(0, std::memory_order_relaxed);
    open_.store(false, std::memory_order_release);
  }

 private:
  static constexpr std::uint32_t kFailuresToOpen = 3;

  std::atomic<std::uint32_t> failures_{0};
  std::atomic<bool> open_{false};
};

}  // namespace lotura::cache
