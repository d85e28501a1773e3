// Dashboards and alerts know the metrics by these names.
#include <gtest/gtest.h>

#include "libs/observe/golden.h"
#include "libs/tenants/purge_step.h"

namespace lotura::tenants {
namespace {

TEST(TenantsMetricsTest, TheNamesOfAllMetricsAreThoseOfTheGoldenFile) {
  const observe::Metrics metrics{"sales"};
  const PurgeMetrics purges(metrics);
  purges.failures.With({"INTERNAL"}).Add();

  EXPECT_EQ(observe::DifferenceFromGolden(metrics, LOTURA_TENANTS_METRICS), "");
}

}  // namespace
}  // namespace lotura::tenants
