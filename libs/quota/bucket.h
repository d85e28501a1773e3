// A token bucket in memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "libs/base/clock.h"
#include "libs/quota/limits.h"

namespace lotura::quota {

// Kept as the instant at which it is full (generic cell rate algorithm), as the one in Redis is: so
// it may be asked under another rate than before. Full at first. Not thread-safe.
class Bucket {
 public:
  using Point = Deadline::Point;

  // Takes a token if there is one.
  bool Take(const Rate& rate, Point now) {
    if (!Has(rate, now)) return false;
    full_ = std::max(full_, now) + std::chrono::ceil<Point::duration>(Span(rate, 1));
    return true;
  }
  [[nodiscard]] bool Has(const Rate& rate, Point now) const {
    return Wait(rate, now) <= Point::duration::zero();
  }
  // Until there is one; not positive if there is.
  [[nodiscard]] Point::duration Wait(const Rate& rate, Point now) const {
    return full_ - now - std::chrono::ceil<Point::duration>(Span(rate, rate.burst - 1));
  }
  // The rate is another from now on: what was taken under the old one leaves an empty bucket at
  // most.
  void Fit(const Rate& rate, Point now) {
    full_ = std::min(full_, now + std::chrono::ceil<Point::duration>(Span(rate, rate.burst)));
  }

 private:
  using Seconds = std::chrono::duration<double>;

  // How long so many tokens take to come.
  static Seconds Span(const Rate& rate, std::int64_t tokens) {
    return Seconds(static_cast<double>(tokens) / rate.per_second);
  }

  Point full_{};
};

}  // namespace lotura::quota
