#include "libs/cache/doorkeeper.h"

#include <gtest/gtest.h>

#include <string>

namespace lotura::cache {
namespace {

constexpr int kKeys = 1'000;

int CountKnown(Doorkeeper& doorkeeper, const std::string& prefix, int keys = kKeys) {
  int known = 0;
  for (int i = 0; i < keys; ++i) known += doorkeeper.Knows(prefix + std::to_string(i)) ? 1 : 0;
  return known;
}

TEST(DoorkeeperTest, KnowsWhoCameBefore) {
  Doorkeeper doorkeeper(kKeys);

  EXPECT_LT(CountKnown(doorkeeper, "a", kKeys / 2), kKeys / 2 / 8);
  EXPECT_EQ(CountKnown(doorkeeper, "a", kKeys / 2), kKeys / 2);
}

TEST(DoorkeeperTest, ForgetsWhomManyOthersFollowed) {
  Doorkeeper doorkeeper(kKeys);
  CountKnown(doorkeeper, "a");

  CountKnown(doorkeeper, "b", 3 * kKeys);

  EXPECT_LT(CountKnown(doorkeeper, "a"), kKeys / 4);
}

TEST(DoorkeeperTest, ManyWhoCameOnceKeepNobodyOutWhoComesAgainSoon) {
  Doorkeeper doorkeeper(kKeys);
  CountKnown(doorkeeper, "a", 10);

  CountKnown(doorkeeper, "b", kKeys / 2);

  EXPECT_EQ(CountKnown(doorkeeper, "a", 10), 10);
}

TEST(DoorkeeperTest, WithoutRoomItLetsEverybodyIn) {
  Doorkeeper doorkeeper(0);

  EXPECT_TRUE(doorkeeper.Knows("a"));
}

}  // namespace
}  // namespace lotura::cache
