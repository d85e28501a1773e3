// Time and ids that a test decides.
#pragma once

#include <mutex>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace lotura::testing {

// Starts at 2026-01-15T12:00:00Z and moves only when it is told to.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Instant Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void Advance(std::chrono::microseconds span) {
    const std::lock_guard lock(mutex_);
    now_ += span;
  }

 private:
  mutable std::mutex mutex_;  // guards now_
  Instant now_{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours(12)};
};

// 1, 2, 3 ... as UUIDs.
class FakeIds final : public IdSource {
 public:
  Uuid Next() override {
    const std::lock_guard lock(mutex_);
    ++last_;
    Uuid uuid;
    for (std::size_t i = 0; i < 8; ++i)
      uuid.bytes[15 - i] = static_cast<std::uint8_t>(last_ >> (8 * i));
    return uuid;
  }

 private:
  std::mutex mutex_;  // guards last_
  std::uint64_t last_ = 0;
};

}  // namespace lotura::testing
