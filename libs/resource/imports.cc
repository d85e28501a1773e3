#include "libs/resource/imports.h"

namespace lotura::resource {
namespace {

// How often an import may be looked at until it counts as silent.
constexpr int kLooks = 10;
// An import takes long; who comes too early only asks in vain.
constexpr std::int64_t kRetryAfterMs = 5'000;

}  // namespace

void Imports::Start(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Drive(stop); });
  }
}

void Imports::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  std::deque<std::function<void()>> dropped;
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  dropped.swap(steps_);
}

absl::StatusOr<std::uint64_t> Imports::Enter(const TenantId& tenant, Look look) {
  const std::lock_guard lock(mutex_);
  if (!places_.Take(tenant))
    return ResourceExhausted("TOO_MANY_IMPORTS", "too many imports are under way", kRetryAfterMs);
  open_.emplace(++last_place_, Open{.tenant = tenant, .look = std::move(look)});
  metrics_.open.Set(static_cast<double>(open_.size()));
  return last_place_;
}

void Imports::Leave(std::uint64_t place) {
  const std::lock_guard lock(mutex_);
  const auto left = open_.find(place);
  if (left == open_.end()) return;
  places_.Give(left->second.tenant);
  open_.erase(left);
  metrics_.open.Set(static_cast<double>(open_.size()));
}

void Imports::Submit(std::function<void()> step) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  steps_.push_back(std::move(step));
  arrived_.notify_one();
}

void Imports::Drive(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::function<void()> step;
    std::vector<Look> looks;
    {
      std::unique_lock lock(mutex_);
      // A copy: the time is looked at without the lock, too, while others move it.
      const Deadline::Point until = next_look_;
      arrived_.wait_until(lock, stop, until, [&] { return !steps_.empty(); });
      if (stop.stop_requested()) return;
      if (!steps_.empty()) {
        step = std::move(steps_.front());
        steps_.pop_front();
      }
      looks = LooksThatAreDue();
    }
    // Also between steps: one import that is busy keeps no silent one in its place.
    for (const Look& look : looks) look(Deadline::Point::clock::now());
    if (step) step();
  }
}

std::vector<Imports::Look> Imports::LooksThatAreDue() {
  std::vector<Look> looks;
  const auto now = Deadline::Point::clock::now();
  if (now < next_look_) return looks;
  next_look_ = now + limits_.silence / kLooks;
  for (const auto& [place, open] : open_) looks.push_back(open.look);
  return looks;
}

}  // namespace lotura::resource
