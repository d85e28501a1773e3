// Dashboards and alerts know the metrics by these names.
#include "libs/events/metrics.h"

#include <gtest/gtest.h>

#include "libs/events/step_thread.h"
#include "libs/observe/golden.h"

namespace lotura::events {
namespace {

TEST(MetricsTest, TheNamesOfAllMetricsAreThoseOfTheGoldenFile) {
  const observe::Metrics metrics{"sales"};
  const observe::Log log({.service = "sales", .level = observe::Level::kError}, metrics);
  const RelayMetrics relay(metrics);
  const ConsumerMetrics consumer(metrics, "sales.timeline");
  const UpkeepMetrics upkeep(metrics);
  const StepThread thread({.name = "relay"}, metrics, log,
                          [] { return std::chrono::microseconds(0); });

  EXPECT_EQ(observe::DifferenceFromGolden(metrics, LOTURA_EVENTS_METRICS), "");
}

}  // namespace
}  // namespace lotura::events
