// Chance repeats itself, and keeps to its bounds.
#include "tests/simulation/chance.h"

#include <gtest/gtest.h>

namespace lotura::simulation {
namespace {

using std::chrono::microseconds;

TEST(ChanceTest, SameSeedDrawsTheSame) {
  Chance one(7);
  Chance other(7);

  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(one.Next(), other.Next());
}

TEST(ChanceTest, SpanReachesBothEnds) {
  Chance chance(7);
  bool least = false;
  bool most = false;

  for (int i = 0; i < 1'000; ++i) {
    const auto span = chance.Span(microseconds(3), microseconds(5));
    ASSERT_GE(span, microseconds(3));
    ASSERT_LE(span, microseconds(5));
    least = least || span == microseconds(3);
    most = most || span == microseconds(5);
  }

  EXPECT_TRUE(least && most);
}

TEST(ChanceTest, ShareOfAThousandIsKept) {
  Chance chance(7);
  int struck = 0;

  for (int i = 0; i < 100'000; ++i) struck += chance.PerMille(250) ? 1 : 0;

  EXPECT_NEAR(struck, 25'000, 1'000);
}

}  // namespace
}  // namespace lotura::simulation
