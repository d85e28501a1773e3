// Shared buckets in memory, for tests of what takes from them.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "libs/quota/bucket.h"
#include "libs/quota/shared_buckets.h"

namespace lotura::quota {

// Thread-safe, so that several processes of a test may take from it.
class MemoryBuckets final : public SharedBuckets {
 public:
  explicit MemoryBuckets(std::function<Deadline::Point()> now) : now_(std::move(now)) {}

  std::vector<std::optional<Grant>> Take(std::span<const Request> requests) override {
    std::vector<std::optional<Grant>> grants(requests.size());
    if (state_ != State::kReached) return grants;
    const std::lock_guard lock(mutex_);
    requests_ += requests.size();
    for (std::size_t i = 0; i < requests.size(); ++i) grants[i] = TakeOne(requests[i]);
    return grants;
  }
  [[nodiscard]] bool Reached() const override { return state_ != State::kGone; }

  enum class State {
    kReached,
    kHung,  // it fails, and nobody has noticed yet
    kGone,  // there is no use in asking
  };
  void Become(State state) { state_ = state; }
  [[nodiscard]] std::size_t requests() const { return requests_; }

 private:
  Grant TakeOne(const Request& request) {
    Bucket& bucket = buckets_[request.account];
    const Deadline::Point now = now_();
    Grant grant;
    bucket.Fit(request.rate, now);
    while (grant.tokens < request.wanted && bucket.Take(request.rate, now)) ++grant.tokens;
    if (grant.tokens == 0)
      grant.wait = std::chrono::ceil<std::chrono::microseconds>(bucket.Wait(request.rate, now));
    return grant;
  }

  const std::function<Deadline::Point()> now_;
  std::atomic<State> state_ = State::kReached;
  std::atomic<std::size_t> requests_ = 0;
  std::mutex mutex_;  // guards buckets_
  std::unordered_map<Account, Bucket, AccountHash> buckets_;
};

}  // namespace lotura::quota
