// How long calls took.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace lotura::bench {

// Keeps every value, so that a percentile is one of them and no estimate.
class Latencies {
 public:
  void Add(std::chrono::nanoseconds latency);
  [[nodiscard]] std::size_t size() const { return nanoseconds_.size(); }
  // The smallest value that at least this part of all (0.99) does not exceed; 0 if there is none.
  [[nodiscard]] std::chrono::nanoseconds Percentile(double part);

 private:
  std::vector<std::int64_t> nanoseconds_;
};

}  // namespace lotura::bench
