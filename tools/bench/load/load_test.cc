#include <gtest/gtest.h>

#include "tools/bench/load/arrivals.h"
#include "tools/bench/load/latencies.h"

namespace lotura::bench {
namespace {

using std::chrono::nanoseconds;

TEST(LatenciesTest, PercentilesAreValuesThatWereSeen) {
  Latencies latencies;
  for (int i = 1000; i > 0; --i) latencies.Add(nanoseconds(i));

  EXPECT_EQ(latencies.Percentile(0.5), nanoseconds(500));
  EXPECT_EQ(latencies.Percentile(0.999), nanoseconds(999));
  EXPECT_EQ(latencies.Percentile(1), nanoseconds(1000));
  EXPECT_EQ(latencies.Percentile(0), nanoseconds(1));
}

TEST(LatenciesTest, NothingHasNoPercentile) {
  EXPECT_EQ(Latencies().Percentile(0.5), nanoseconds(0));
}

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
