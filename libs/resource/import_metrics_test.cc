// Dashboards and alerts know the metrics by these names.
#include "libs/resource/import_metrics.h"

#include <gtest/gtest.h>

#include "libs/observe/golden.h"

namespace lotura::resource {
namespace {

TEST(ImportMetricsTest, TheNamesOfAllMetricsAreThoseOfTheGoldenFile) {
  const observe::Metrics metrics{"sales"};
  const ImportMetrics imports(metrics);

  EXPECT_EQ(observe::DifferenceFromGolden(metrics, LOTURA_RESOURCE_METRICS), "");
}

}  // namespace
}  // namespace lotura::resource
