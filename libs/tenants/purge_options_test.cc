// A purge does not end while something may still be on its way.
#include <gtest/gtest.h>

#include "libs/audit/archive_step.h"
#include "libs/audit/read_log.h"
#include "libs/tenants/purge_step.h"

namespace lotura::tenants {
namespace {

// The longest that a method declares.
constexpr std::chrono::seconds kCall{30};

TEST(PurgeOptionsTest, ItSettlesLongerThanWhateverIsOnItsWay) {
  const PurgeOptions purge{};
  const audit::ReadLogOptions reads{};
  const audit::ArchiveOptions archive{};

  // A batch whose commit is in doubt is written twice, and the next one waits for it.
  EXPECT_GT(purge.settle, kCall + reads.delay + reads.retry + 4 * reads.statement);
  EXPECT_GT(purge.settle, archive.statement + archive.put + archive.statement);
}

}  // namespace
}  // namespace lotura::tenants
