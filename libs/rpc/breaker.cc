#include "libs/rpc/breaker.h"

#include <algorithm>

namespace lotura::rpc {

void Breaker::Enter(State state) {
  state_ = state;
  ++era_;
}

std::optional<Breaker::Pass> Breaker::Allow(Point now) {
  const std::lock_guard lock(mutex_);
  switch (state_) {
    case State::kClosed:
      return Pass{era_};
    case State::kHalfOpen:
      return std::nullopt;
    case State::kOpen:
      break;
  }
  if (now < open_until_) return std::nullopt;
  Enter(State::kHalfOpen);
  return Pass{era_};
}

void Breaker::Report(Pass pass, Outcome outcome, Point now) {
  const std::lock_guard lock(mutex_);
  if (pass.era != era_) return;
  if (outcome == Outcome::kNone) {
    // At once: the time for which it was open is over.
    if (state_ == State::kHalfOpen) Enter(State::kOpen);
    return;
  }
  if (outcome == Outcome::kGood) {
    if (state_ != State::kClosed) Enter(State::kClosed);
    failures_ = 0;
    pause_ = options_.open_first;
    return;
  }
  if (state_ == State::kClosed && ++failures_ < options_.failures_max) return;
  if (state_ == State::kHalfOpen) pause_ = std::min(2 * pause_, options_.open_longest);
  Enter(State::kOpen);
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
