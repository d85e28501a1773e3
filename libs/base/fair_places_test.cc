#include "libs/base/fair_places.h"

#include <gtest/gtest.h>

#include "libs/testing/tenant.h"

namespace lotura {
namespace {

using testing::TenantOf;

// As many as the tenant gets.
std::size_t TakeAll(FairPlaces& places, std::uint8_t tenant) {
  std::size_t taken = 0;
  while (places.Take(TenantOf(tenant))) ++taken;
  return taken;
}

TEST(FairPlacesTest, ATenantThatTakesAllItGetsLeavesSomeToEachOther) {
  FairPlaces places(16);

  EXPECT_EQ(TakeAll(places, 1), 12U);
  EXPECT_EQ(TakeAll(places, 2), 3U);
  EXPECT_EQ(TakeAll(places, 3), 1U);
  EXPECT_EQ(TakeAll(places, 4), 0U);
  EXPECT_EQ(places.taken(), 16U);
}

TEST(FairPlacesTest, WhatIsGivenBackIsForWhoeverHasFewer) {
  FairPlaces places(16);
  TakeAll(places, 1);
  TakeAll(places, 2);
  TakeAll(places, 3);

  for (int i = 0; i < 4; ++i) places.Give(TenantOf(1));

  EXPECT_EQ(TakeAll(places, 2), 3U);
  EXPECT_TRUE(places.Take(TenantOf(4)));
}

TEST(FairPlacesTest, ASinglePlaceIsForWhoeverComesFirst) {
  FairPlaces places(1);

  EXPECT_TRUE(places.Take(TenantOf(1)));
  EXPECT_FALSE(places.Take(TenantOf(1)));
  EXPECT_FALSE(places.Take(TenantOf(2)));
  places.Give(TenantOf(1));
  EXPECT_TRUE(places.Take(TenantOf(2)));
}

TEST(FairPlacesTest, WithoutPlacesNobodyGetsOne) {
  FairPlaces places(0);

  EXPECT_FALSE(places.Take(TenantOf(1)));
}

}  // namespace
}  // namespace lotura
