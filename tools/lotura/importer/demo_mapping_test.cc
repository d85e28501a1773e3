// The mapping of the data set that the repository brings along.
#include <gtest/gtest.h>

#include <sstream>

#include "libs/testing/status_matchers.h"
#include "tools/lotura/importer/import.h"
#include "tools/lotura/importer/mapping_reader.h"

namespace lotura::importer {
namespace {

TEST(DemoMappingTest, MendsAllThatIsKnownToBeDirty) {
  const api::ResourceModel model = api::ResourceModel::OfLinkedProtos();
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, ReadMapping(LOTURA_DEMO_DATA "/mapping.yaml", model));
  std::ostringstream rejects;

  const ImportReport report = PlanImport(mapping, rejects);

  std::map<std::string, std::size_t> written;
  for (const StepReport& step : report.steps) written[step.step] = step.written;
  EXPECT_EQ(report.Rejected(), 0u) << rejects.str().substr(0, 2000);
  EXPECT_EQ(written["managers"], 6u);
  EXPECT_EQ(written["teams"], 6u);
  EXPECT_EQ(written["agents"], 35u);
  EXPECT_EQ(written["organizations"], 85u);
  EXPECT_EQ(written["products"], 7u);
  EXPECT_EQ(written["stages"], 4u);
  EXPECT_EQ(written["opportunities"], 8800u);
  EXPECT_EQ(written["engaged"], 8300u);
  EXPECT_EQ(written["won"], 4238u);
  EXPECT_EQ(written["lost"], 2473u);
}

}  // namespace
}  // namespace lotura::importer
