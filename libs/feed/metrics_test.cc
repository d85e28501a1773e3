// Dashboards and alerts know the metrics by these names.
#include <gtest/gtest.h>

#include "libs/feed/feed_metrics.h"
#include "libs/observe/golden.h"

namespace lotura::feed {
namespace {

TEST(FeedMetricsTest, TheNamesOfAllMetricsAreThoseOfTheGoldenFile) {
  const observe::Metrics metrics{"sales"};
  const FeedMetrics feed(metrics);

  EXPECT_EQ(observe::DifferenceFromGolden(metrics, LOTURA_FEED_METRICS), "");
}

}  // namespace
}  // namespace lotura::feed
