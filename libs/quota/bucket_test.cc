// A bucket under a clock of the test's own.
#include "libs/quota/bucket.h"

#include <gtest/gtest.h>

#include <random>

namespace lotura::quota {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr Bucket::Point kStart{1h};

std::int64_t TakeAll(Bucket& bucket, const Rate& rate, Bucket::Point now) {
  std::int64_t taken = 0;
  while (bucket.Take(rate, now)) ++taken;
  return taken;
}

TEST(BucketTest, IsFullAtFirstAndHoldsItsBurst) {
  Bucket bucket;

  EXPECT_EQ(TakeAll(bucket, {.per_second = 10, .burst = 25}, kStart), 25);
}

TEST(BucketTest, FillsWithItsRateAndNoFurtherThanItsBurst) {
  const Rate rate{.per_second = 10, .burst = 25};
  Bucket bucket;
  TakeAll(bucket, rate, kStart);

  EXPECT_EQ(TakeAll(bucket, rate, kStart + 99ms), 0);
  EXPECT_EQ(TakeAll(bucket, rate, kStart + 100ms), 1);
  EXPECT_EQ(TakeAll(bucket, rate, kStart + 1100ms), 10);
  EXPECT_EQ(TakeAll(bucket, rate, kStart + 1h), 25);
}

TEST(BucketTest, OddRatesNeitherGainNorLoseTokens) {
  const Rate rate{.per_second = 3, .burst = 7};
  Bucket bucket;
  std::int64_t taken = 0;
  for (int ms = 0; ms <= 1'000'000; ms += 10)
    taken += TakeAll(bucket, rate, kStart + std::chrono::milliseconds(ms));

  EXPECT_GE(taken, 3'000 + 7 - 1);
  EXPECT_LE(taken, 3'000 + 7);
}

TEST(BucketTest, InNoSpanMoreIsTakenThanItsBurstAndWhatCameIn) {
  std::minstd_rand random(20'260'115);
  for (int round = 0; round < 200; ++round) {
    const Rate rate{.per_second = std::uniform_real_distribution(0.5, 300.0)(random),
                    .burst = std::uniform_int_distribution<std::int64_t>(1, 50)(random)};
    Bucket bucket;
    Bucket::Point now = kStart;
    std::int64_t taken = 0;
    for (int i = 0; i < 200; ++i) {
      now += std::chrono::microseconds(random() % 100'000);
      for (std::size_t wanted = random() % 20; wanted > 0; --wanted)
        taken += bucket.Take(rate, now) ? 1 : 0;
      const double seconds = std::chrono::duration<double>(now - kStart).count();
      ASSERT_LE(static_cast<double>(taken),
                static_cast<double>(rate.burst) + seconds * rate.per_second + 1e-3);
    }
  }
}

TEST(BucketTest, ALowerRateLeavesNoDebtsBeyondAnEmptyBucket) {
  Bucket bucket;
  TakeAll(bucket, {.per_second = 1, .burst = 1'000}, kStart);
  const Rate lower{.per_second = 1, .burst = 5};

  bucket.Fit(lower, kStart);

  EXPECT_EQ(TakeAll(bucket, lower, kStart), 0);
  EXPECT_EQ(TakeAll(bucket, lower, kStart + 2s), 2);
}

}  // namespace
}  // namespace lotura::quota
