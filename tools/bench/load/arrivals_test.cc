#include "tools/bench/load/arrivals.h"

#include <gtest/gtest.h>

namespace lotura::bench {
namespace {

using std::chrono::nanoseconds;

TEST(ArrivalsTest, CallsComeAtTheRateButNotInStep) {
  constexpr int kCalls = 100'000;
  Arrivals arrivals(1000, 7);
  int closer_than_half = 0;
  nanoseconds before{};
  for (int i = 0; i < kCalls; ++i) {
    const nanoseconds at = arrivals.Next();
    if (at - before < nanoseconds(500'000)) ++closer_than_half;
    before = at;
  }

  EXPECT_NEAR(static_cast<double>(before.count()), 100e9, 1e9);
  // Of an exponential distribution 1 - exp(-1/2) lies below half the mean.
  EXPECT_NEAR(closer_than_half, 0.3935 * kCalls, 0.01 * kCalls);
}

TEST(ArrivalsTest, SameSeedGivesTheSameTimes) {
  Arrivals one(1000, 7);
  Arrivals other(1000, 7);

  for (int i = 0; i < 100; ++i) EXPECT_EQ(one.Next(), other.Next());
}

}  // namespace
}  // namespace lotura::bench
