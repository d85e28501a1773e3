// Crash points end the process at their turn, and nowhere else.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "libs/crash/point.h"

namespace lotura::crash {
namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): these tests have one thread.
void Choose(const char* point, const char* turn) {
  ::setenv("CRASH_POINT", point, 1);
  ::setenv("CRASH_TURN", turn, 1);
}
// NOLINTEND(concurrency-mt-unsafe)

TEST(CrashPointDeathTest, ProcessIsKilledAtTheTurnThatWasChosen) {
  EXPECT_EXIT(
      {
        Choose("here", "2");
        Point("here");
        Point("here");
        std::exit(0);  // NOLINT(concurrency-mt-unsafe)
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST(CrashPointDeathTest, ProcessGoesOnBeforeTheTurnAndAtOtherPoints) {
  EXPECT_EXIT(
      {
        Choose("here", "2");
        Point("here");
        Point("there");
        Point("there");
        std::exit(0);  // NOLINT(concurrency-mt-unsafe)
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace lotura::crash
