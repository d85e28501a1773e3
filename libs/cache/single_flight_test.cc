// Runs under the thread sanitizer too: tsan
#include "libs/cache/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "libs/testing/eventually.h"

namespace lotura::cache {
namespace {

const Key kKey{"k", 1};
const Lease kLease{"token"};
constexpr std::chrono::seconds kLong{10};

TEST(SingleFlightTest, ReadersUnderOneLeaseLoadOnce) {
  SingleFlight<int> flights;
  std::atomic<int> loads{0};
  std::atomic<int> answered{0};
  std::vector<std::jthread> threads;
  threads.reserve(16);
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto result = flights.Run(kKey, kLease, Deadline::After(kLong), [&] {
        EXPECT_TRUE(testing::Eventually([&] { return flights.Waiting() == 15; }, kLong));
        return ++loads;
      });
      if (result == 1) ++answered;
    });
  }
  threads.clear();

  EXPECT_EQ(answered, 16);
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(flights.Waiting(), 0U);
}

TEST(SingleFlightTest, ReadersUnderAnotherLeaseDoNotJoin) {
  SingleFlight<int> flights;
  std::latch first_runs(1);
  std::latch first_may_end(1);
  std::jthread first([&] {
    flights.Run(kKey, kLease, Deadline::After(kLong), [&] {
      first_runs.count_down();
      first_may_end.wait();
      return 1;
    });
  });
  first_runs.wait();

  const auto second = flights.Run(kKey, Lease{"later"}, Deadline::After(kLong), [] { return 2; });

  EXPECT_EQ(second, 2);
  first_may_end.count_down();
}

TEST(SingleFlightTest, WhoJoinsWaitsNoLongerThanHisDeadline) {
  SingleFlight<int> flights;
  std::latch first_runs(1);
  std::latch first_may_end(1);
  std::jthread first([&] {
    flights.Run(kKey, kLease, Deadline::After(kLong), [&] {
      first_runs.count_down();
      first_may_end.wait();
      return 1;
    });
  });
  first_runs.wait();

  const auto joined =
      flights.Run(kKey, kLease, Deadline::After(std::chrono::milliseconds(10)), [] { return 2; });

  EXPECT_FALSE(joined.has_value());
  first_may_end.count_down();
}

}  // namespace
}  // namespace lotura::cache
