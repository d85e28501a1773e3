// Keeps calls away from a neighbor that is down, so that its failures do not cost everyone a
// deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "libs/base/clock.h"

namespace lotura::rpc {

struct BreakerOptions {
  // So many failures in a row open it.
  int failures_max = 5;
  // How long it stays open; doubles with each failed probe up to the longest.
  std::chrono::milliseconds open_first{500};
  std::chrono::milliseconds open_longest{15'000};
};

// Closed: all calls go. Open: none. Half open, when the time is over: one call goes as a probe and
// decides. Thread-safe.
class Breaker {
 public:
  using Point = Deadline::Point;

  enum class State { kClosed, kHalfOpen, kOpen };
  // kNone: the call says nothing of the neighbor. One that was the probe is followed by another.
  enum class Outcome { kGood, kBad, kNone };

  explicit Breaker(const BreakerOptions& options) : options_(options), pause_(options.open_first) {}

  // Leave to make a call.
  struct Pass {
    std::uint64_t era = 0;
  };

  // Nothing if no call may go at `now`. Each call that may must be reported. What is reported of
  // calls that went before the breaker opened or closed says nothing about the neighbor's state
  // now.
  std::optional<Pass> Allow(Point now);
  void Report(Pass pass, Outcome outcome, Point now);
  [[nodiscard]] State state() const;

 private:
  // With the lock held.
  void Enter(State state);

  const BreakerOptions options_;
  mutable std::mutex mutex_;  // guards the members below
  State state_ = State::kClosed;
  // Counts the changes of the state.
  std::uint64_t era_ = 0;
  int failures_ = 0;
  std::chrono::milliseconds pause_;
  Point open_until_{};
};

// Bounds how many calls are made a second time: each one costs a token, ten first calls that went
// well earn one. Thread-safe.
class RetryBudget {
 public:
  static constexpr double kTokensMax = 10;
  static constexpr double kEarned = 0.1;

  bool Take();
  void Earn();

 private:
  std::mutex mutex_;  // guards tokens_
  double tokens_ = kTokensMax;
};

}  // namespace lotura::rpc
