// What a process that crashed leaves.
#include "libs/observe/crash_report.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace lotura::observe {
namespace {

TEST(CrashReportDeathTest, AFaultIsToldAndEndsTheProcessByItsSignal) {
  const auto crash = [] {
    ReportCrashes();
    std::raise(SIGSEGV);
  };

  EXPECT_EXIT(crash(), ::testing::KilledBySignal(SIGSEGV),
              "\\{\"level\":\"fatal\",\"message\":\"crash\",\"trace\":\"signal 11\"\\}.*"
              "libc[^ ]*\\+0x[0-9a-f]+ gsignal\"\\}");
}

TEST(CrashReportDeathTest, ABrokenInvariantToo) {
  const auto crash = [] {
    ReportCrashes();
    std::abort();
  };

  EXPECT_EXIT(crash(), ::testing::KilledBySignal(SIGABRT), "signal 6\"\\}.* abort\"\\}");
}

TEST(CrashReportDeathTest, ToBeEndedIsNoCrash) {
  const auto end = [] {
    ReportCrashes();
    std::raise(SIGTERM);
  };

  EXPECT_EXIT(end(), ::testing::KilledBySignal(SIGTERM), "^$");
}

}  // namespace
}  // namespace lotura::observe
