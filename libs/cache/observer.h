// What a cache tells of its work, so that it can be counted.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lotura::cache {

enum class Event {
  kHit,
  kNegativeHit,
  kMiss,             // with a lease
  kMissFirst,        // without a lease: nobody missed it lately, so that it is not kept
  kMissUnleased,     // the cache could not be reached
  kMissCorrupt,      // the stored bytes are not what was stored; counted beside the miss
  kMissOtherLayout,  // stored by a binary with another layout; counted beside the miss
  kStored,
  kFillRefused,
  kFillTooLarge,
  kFillNotReached,
  kFenced,
  kFenceOwed,       // could not be told now, will be told when the cache is reached again
  kFencePaid,       // an owed fence was told
  kFenceForgotten,  // too many are owed: the entry ends by its time to live
  kConnected,
  kFailure,        // a round trip failed and its connection was closed
  kPoolExhausted,  // no connection became free in time
  kCircuitOpened,
  kCircuitClosed,
};
inline constexpr std::size_t kEventKinds = static_cast<std::size_t>(Event::kCircuitClosed) + 1;

// Called by many threads at once; must neither block nor throw.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void Count(Event event, std::size_t times) = 0;
  // How long one round trip took, waiting for a connection included.
  virtual void RoundTrip(std::chrono::microseconds duration) = 0;
};

// Keeps the counts in memory.
class Counts final : public Observer {
 public:
  void Count(Event event, std::size_t times) override {
    counts_[static_cast<std::size_t>(event)].fetch_add(times, std::memory_order_relaxed);
  }
  void RoundTrip(std::chrono::microseconds duration) override {
    std::int64_t longest = longest_us_.load(std::memory_order_relaxed);
    while (duration.count() > longest &&
           !longest_us_.compare_exchange_weak(longest, duration.count())) {
    }
  }

  [[nodiscard]] std::uint64_t Of(Event event) const {
    return counts_[static_cast<std::size_t>(event)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::chrono::microseconds Longest() const {
    return std::chrono::microseconds(longest_us_.load());
  }

 private:
  std::array<std::atomic<std::uint64_t>, kEventKinds> counts_{};
  std::atomic<std::int64_t> longest_us_{0};
};

}  // namespace lotura::cache
