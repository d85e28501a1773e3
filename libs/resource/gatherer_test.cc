// Runs under the thread sanitizer too: tsan
#include "libs/resource/gatherer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>

#include "libs/testing/eventually.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::Eventually;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using Batch = std::vector<int>;

TEST(GathererTest, WhatWaitsIsTakenTogetherInItsOrder) {
  std::vector<Batch> batches;
  Gatherer<int> gatherer({.batch_max = 3}, [&](const Batch& batch) { batches.push_back(batch); });
  for (int i = 0; i < 5; ++i) gatherer.Put(i);

  EXPECT_TRUE(gatherer.Step());
  EXPECT_TRUE(gatherer.Step());
  EXPECT_FALSE(gatherer.Step());

  EXPECT_EQ(batches, std::vector<Batch>({{0, 1, 2}, {3, 4}}));
}

TEST(GathererTest, WhatDoesNotFitWaitsForItsOwnBatch) {
  std::vector<Batch> batches;
  Gatherer<int> gatherer({.fits = [](int first, int item) { return first % 2 == item % 2; }},
                         [&](const Batch& batch) { batches.push_back(batch); });
  for (int i = 0; i < 5; ++i) gatherer.Put(i);

  while (gatherer.Step()) {
  }

  EXPECT_EQ(batches, std::vector<Batch>({{0, 2, 4}, {1, 3}}));
}

TEST(GathererTest, SecondBatchBesideOneIsAFullOne) {
  std::latch second_began(2);
  std::mutex mutex;
  std::vector<std::size_t> sizes;
  {
    Gatherer<int> gatherer({.batch_max = 4, .patience = 60s}, [&](const Batch& batch) {
      {
        const std::lock_guard lock(mutex);
        sizes.push_back(batch.size());
      }
      // The first batch lasts until the second one is under way.
      second_began.count_down();
      EXPECT_TRUE(Eventually([&] { return second_began.try_wait(); }, 10s));
    });
    gatherer.Start(2);
    gatherer.Put(0);
    ASSERT_TRUE(Eventually(
        [&] {
          const std::lock_guard lock(mutex);
          return !sizes.empty();
        },
        10s));
    for (int i = 1; i <= 4; ++i) gatherer.Put(i);
    ASSERT_TRUE(Eventually([&] { return second_began.try_wait(); }, 10s));
  }

  EXPECT_EQ(sizes, std::vector<std::size_t>({1, 4}));
}

TEST(GathererTest, WhatWaitsBehindASlowBatchBeginsBesideItAfterAWhile) {
  std::atomic<int> began = 0;
  Gatherer<int> gatherer({.patience = 5ms}, [&](const Batch& batch) {
    began += static_cast<int>(batch.size());
    EXPECT_TRUE(Eventually([&] { return began == 3; }, 10s));
  });
  gatherer.Start(3);
  for (int i = 0; i < 3; ++i) {
    gatherer.Put(i);
    EXPECT_TRUE(Eventually([&] { return began == i + 1; }, 10s));
  }
}

TEST(GathererTest, WhatWaitsAtTheEndIsWorkedOn) {
  int worked_on = 0;
  {
    Gatherer<int> gatherer(
        {.batch_max = 2}, [&](const Batch& batch) { worked_on += static_cast<int>(batch.size()); });
    for (int i = 0; i < 5; ++i) gatherer.Put(i);
  }

  EXPECT_EQ(worked_on, 5);
}

TEST(GathererTest, ManyThreadsTakeEachItemOnce) {
  constexpr int kItems = 10'000;
  std::mutex mutex;
  Batch all;
  {
    Gatherer<int> gatherer({}, [&](const Batch& batch) {
      const std::lock_guard lock(mutex);
      all.insert(all.end(), batch.begin(), batch.end());
    });
    gatherer.Start(4);
    std::jthread one([&] {
      for (int i = 0; i < kItems; i += 2) gatherer.Put(i);
    });
    for (int i = 1; i < kItems; i += 2) gatherer.Put(i);
  }

  std::ranges::sort(all);
  ASSERT_EQ(all.size(), kItems);
  for (int i = 0; i < kItems; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace lotura::resource
