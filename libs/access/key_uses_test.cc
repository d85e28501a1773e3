#include "libs/access/key_uses.h"

#include <gtest/gtest.h>

#include "libs/cache/memory_cache.h"
#include "libs/testing/fakes.h"

namespace lotura::access {
namespace {

using std::chrono::minutes;

class KeyUsesTest : public ::testing::Test {
 protected:
  void UseAndTell(const std::string& key) {
    uses_.Note(TenantId{}, key, clock_.Now());
    uses_.Tell(redis_, clock_.Now());
  }

  std::optional<Instant> Known(const std::string& key) {
    const cache::MomentKey place = KeyUses::KeyOf(TenantId{}, key);
    return redis_.Look({&place, 1})->front();
  }

  testing::FakeClock clock_;
  cache::Counts counts_;
  cache::MemoryCache redis_{{}, clock_, counts_};
  KeyUses uses_;
};

TEST_F(KeyUsesTest, FirstUseIsToldAtOnceAndLaterOnesByTheHour) {
  const Instant first = clock_.Now();
  UseAndTell("k");
  EXPECT_EQ(Known("k"), first);
  EXPECT_EQ(Known("other"), std::nullopt);

  clock_.Advance(minutes(30));
  UseAndTell("k");
  EXPECT_EQ(Known("k"), first);

  clock_.Advance(minutes(31));
  uses_.Tell(redis_, clock_.Now());
  EXPECT_EQ(Known("k"), first + minutes(30));
}

TEST_F(KeyUsesTest, WhatCouldNotBeToldIsToldLater) {
  redis_.SetReach(cache::MemoryCache::Reach::kUnreachable);
  const Instant first = clock_.Now();
  UseAndTell("k");
  redis_.SetReach(cache::MemoryCache::Reach::kReachable);
  EXPECT_EQ(Known("k"), std::nullopt);

  clock_.Advance(minutes(1));
  uses_.Tell(redis_, clock_.Now());

  EXPECT_EQ(Known("k"), first);
}

TEST_F(KeyUsesTest, WhatOthersToldLaterStays) {
  const cache::Moment later{KeyUses::KeyOf(TenantId{}, "k"), clock_.Now() + minutes(5)};
  redis_.Tell({&later, 1}, std::chrono::hours(1));

  UseAndTell("k");

  EXPECT_EQ(Known("k"), later.at);
}

}  // namespace
}  // namespace lotura::access
