#include "tools/bench/load/latencies.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace lotura::bench
