// When the calls of an open loop begin.
#pragma once

#include <chrono>
#include <random>

namespace lotura::bench {

// A Poisson process: callers who do not know of each other, so that the time between two calls is
// exponentially distributed. The same seed gives the same times.
class Arrivals {
 public:
  // `rate` is in calls a second.
  Arrivals(double rate, std::uint64_t seed) : random_(seed), seconds_(rate) {}
  // Time from the start to the next call; never less than the one before.
  std::chrono::nanoseconds Next() {
    at_ += seconds_(random_);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(at_ * 1e9));
  }

 private:
  std::mt19937_64 random_;
  std::exponential_distribution<double> seconds_;
  double at_ = 0;
};

}  // namespace lotura::bench
