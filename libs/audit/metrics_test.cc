// Dashboards and alerts know the metrics by these names.
#include <gtest/gtest.h>

#include "libs/audit/archive_step.h"
#include "libs/audit/read_log.h"
#include "libs/audit/seal_step.h"
#include "libs/observe/golden.h"

namespace lotura::audit {
namespace {

TEST(AuditMetricsTest, TheNamesOfAllMetricsAreThoseOfTheGoldenFile) {
  const observe::Metrics metrics{"sales"};
  const SealMetrics seals(metrics);
  const ReadMetrics reads(metrics);
  const ArchiveMetrics archive(metrics);

  EXPECT_EQ(observe::DifferenceFromGolden(metrics, LOTURA_AUDIT_METRICS), "");
}

}  // namespace
}  // namespace lotura::audit
