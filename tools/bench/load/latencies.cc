#include "tools/bench/load/latencies.h"

#include <algorithm>
#include <cmath>

namespace lotura::bench {

void Latencies::Add(std::chrono::nanoseconds latency) { nanoseconds_.push_back(latency.count()); }

std::chrono::nanoseconds Latencies::Percentile(double part) {
  if (nanoseconds_.empty()) return {};
  const double rank = std::ceil(part * static_cast<double>(nanoseconds_.size()));
  const auto place =
      std::clamp(static_cast<std::size_t>(rank), std::size_t{1}, nanoseconds_.size());
  const auto nth = nanoseconds_.begin() + static_cast<std::ptrdiff_t>(place - 1);
  std::ranges::nth_element(nanoseconds_, nth);
  return std::chrono::nanoseconds(*nth);
}

}  // namespace lotura::bench
