// Time as the platform sees it: UTC instants in microseconds, and deadlines that bound every wait.
#pragma once

#include <chrono>
#include <string>

namespace lotura {

// Microseconds, as PostgreSQL keeps them.
using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

// Source of the present. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant Now() const override;
};

// A point on the monotonic clock after which nobody waits for the answer.
class Deadline {
 public:
  using Point = std::chrono::steady_clock::time_point;

  explicit Deadline(Point at) : at_(at) {}
  static Deadline After(std::chrono::milliseconds span) {
    return Deadline(std::chrono::steady_clock::now() + span);
  }

  [[nodiscard]] Point at() const { return at_; }
  [[nodiscard]] bool Passed() const { return std::chrono::steady_clock::now() >= at_; }
  // Never negative.
  [[nodiscard]] std::chrono::milliseconds Left() const;
  // The earlier of this one and `span` from now.
  [[nodiscard]] Deadline AtMost(std::chrono::milliseconds span) const;

 private:
  Point at_;
};

// "2026-01-31T08:15:00.123456Z", of the years 0 to 9999; trailing zeros of the fraction are left
// out.
std::string ToRfc3339(Instant instant);

}  // namespace lotura
