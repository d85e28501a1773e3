// What quotas cost each call, and what they tell of themselves.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <barrier>

#include "libs/observe/golden.h"
#include "libs/quota/memory_buckets.h"
#include "libs/quota/shared_quotas.h"

namespace lotura::quota {
namespace {

// Nanoseconds for each of `checks` by each of `threads`, who are callers of one tenant.
double NanosecondsOfACheck(Quotas& quotas, std::size_t threads, int checks) {
  std::barrier together(static_cast<std::ptrdiff_t>(threads));
  std::atomic<std::int64_t> longest = 0;
  std::vector<std::jthread> callers;
  for (std::size_t t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      const Principal caller{.name = fmt::format("users/u{}", t)};
      together.arrive_and_wait();
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < checks; ++i) {
        if (!quotas.Try(caller).has_value()) quotas.Ask(caller, [](const auto&) {});
      }
      const std::int64_t took = (std::chrono::steady_clock::now() - begin).count();
      std::int64_t before = longest;
      while (took > before && !longest.compare_exchange_weak(before, took)) {
      }
    });
  }
  callers.clear();
  return static_cast<double>(longest) / checks;
}

TEST(QuotasCostTest, ACheckCostsACallNextToNothing) {
  constexpr int kChecks = 200'000;
  MemoryBuckets buckets([] { return std::chrono::steady_clock::now(); });
  const observe::Metrics metrics("test");
  Quotas quotas({}, *Limits::Parse(R"({"each_tenant": {"per_second": 1000000, "burst": 10000000},
                                   "each_caller": {"per_second": 1000000, "burst": 10000000}})"),
                buckets, metrics);
  quotas.Start();

  for (const std::size_t threads : {1U, 2U, 8U}) {
    const double nanoseconds = NanosecondsOfACheck(quotas, threads, kChecks);
    fmt::print("{} threads: {:.0f} ns for a check\n", threads, nanoseconds);
    // A question to Redis would take ten times as long. The machine may have other things to do.
    EXPECT_LT(nanoseconds, static_cast<double>(threads) * 5'000);
  }
}

TEST(QuotasMetricsTest, NamesAreThoseOfTheFile) {
  const observe::Metrics metrics("test");
  MemoryBuckets buckets([] { return std::chrono::steady_clock::now(); });
  const Quotas quotas({}, *Limits::Parse("{}"), buckets, metrics);
  const RedisMetrics redis(metrics);
  const observe::Log log({.service = "test"}, metrics);
  const LimitsFile file({.path = "none"}, log, metrics);

  EXPECT_EQ(observe::DifferenceFromGolden(metrics, LOTURA_QUOTA_METRICS), "");
}

}  // namespace
}  // namespace lotura::quota
