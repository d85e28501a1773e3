// What every implementation of cache::Moments must do, as typed tests.
//
// A fixture offers cache::Moments& moments(), and Disconnect(): from now on nothing can be told.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/cache/moments.h"

namespace lotura::testing {

inline Instant MomentAt(std::int64_t seconds) {
  return Instant(std::chrono::seconds(1'900'000'000 + seconds));
}

inline cache::MomentKey MomentKeyOf(const std::string& name, std::uint8_t tenant = 1) {
  cache::MomentKey key{.tenant = {}, .name = name};
  key.tenant.value.bytes[15] = tenant;
  return key;
}

template <typename Fixture>
class MomentsContract : public ::testing::Test {
 protected:
  cache::Told Tell(const std::vector<cache::Moment>& moments) {
    return fixture_.moments().Tell(moments, std::chrono::hours(1));
  }
  auto Look(const std::vector<cache::MomentKey>& keys) { return fixture_.moments().Look(keys); }

  Fixture fixture_;
};

TYPED_TEST_SUITE_P(MomentsContract);

TYPED_TEST_P(MomentsContract, WhatWasToldIsKnown) {
  ASSERT_EQ(this->Tell({{MomentKeyOf("a"), MomentAt(1)}, {MomentKeyOf("b"), MomentAt(2)}}),
            cache::Told::kYes);

  const auto found =
      this->Look({MomentKeyOf("b"), MomentKeyOf("c"), MomentKeyOf("a"), MomentKeyOf("a", 2)});

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, (std::vector<std::optional<Instant>>{MomentAt(2), std::nullopt, MomentAt(1),
                                                         std::nullopt}));
}

TYPED_TEST_P(MomentsContract, TheLatestCounts) {
  for (const std::int64_t seconds : {5, 9, 7})
    ASSERT_EQ(this->Tell({{MomentKeyOf("a"), MomentAt(seconds)}}), cache::Told::kYes);

  EXPECT_EQ(this->Look({MomentKeyOf("a")})->front(), MomentAt(9));
}

TYPED_TEST_P(MomentsContract, WhoIsNotReachedSaysSo) {
  this->fixture_.Disconnect();

  EXPECT_EQ(this->Tell({{MomentKeyOf("a"), MomentAt(1)}}), cache::Told::kNotReached);
  EXPECT_FALSE(this->Look({MomentKeyOf("a")}).has_value());
}

REGISTER_TYPED_TEST_SUITE_P(MomentsContract, WhatWasToldIsKnown, TheLatestCounts,
                            WhoIsNotReachedSaysSo);

}  // namespace lotura::testing
