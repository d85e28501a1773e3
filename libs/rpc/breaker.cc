#include "libs/rpc/breaker.h"

#include <algorithm>

namespace lotura::rpc {

bool Breaker::Allow(Point now) {
  const std::lock_guard lock(mutex_);
  switch (state_) {
    case State::kClosed:
      return true;
    case State::kHalfOpen:
      return false;
    case State::kOpen:
      break;
  }
  if (now < open_until_) return false;
  state_ = State::kHalfOpen;
  return true;
}

void Breaker::Report(Outcome outcome, Point now) {
  const std::lock_guard lock(mutex_);
  // Calls that went before it opened say nothing about the neighbor's state now.
  if (state_ == State::kOpen) return;
  if (outcome == Outcome::kGood) {
    state_ = State::kClosed;
    failures_ = 0;
    pause_ = options_.open_first;
    return;
  }
  if (state_ == State::kClosed && ++failures_ < options_.failures_max) return;
  if (state_ == State::kHalfOpen) pause_ = std::min(2 * pause_, options_.open_longest);
  state_ = State::kOpen;
  open_until_ = now + pause_;
}

Breaker::State Breaker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool RetryBudget::Take() {
  const std::lock_guard lock(mutex_);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void RetryBudget::Earn() {
  const std::lock_guard lock(mutex_);
  tokens_ = std::min(tokens_ + kEarned, kTokensMax);
}

}  // namespace lotura::rpc
