// What a process that crashed leaves.
#include "libs/observe/crash_report.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>

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

// A pipe that is full, as when the collector of logs hangs.
TEST(CrashReportDeathTest, WhoReadsNothingKeepsNoBrokenProcessAlive) {
  const auto crash = [] {
    ReportCrashes();
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    ASSERT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    const std::string page(4096, ' ');
    while (write(ends[1], page.data(), page.size()) > 0) {
    }
    ASSERT_EQ(fcntl(ends[1], F_SETFL, 0), 0);
    ASSERT_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    // Whoever still writes after this is ended by another signal.
    alarm(2);
    std::abort();
  };

  EXPECT_EXIT(crash(), ::testing::KilledBySignal(SIGABRT), "^$");
}

TEST(CrashReportDeathTest, OfTwoThreadsThatFailBothWaitForOneReport) {
  const auto crash = [] {
    ReportCrashes();
    std::latch together(2);
    const auto fail = [&together] {
      together.arrive_and_wait();
      std::raise(SIGSEGV);
    };
    const std::jthread other(fail);
    fail();
  };

  EXPECT_EXIT(crash(), ::testing::KilledBySignal(SIGSEGV),
              "^[^\n]*signal 11\"\\}\n([^\n]*\\+0x[^\n]*\n)+$");
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
