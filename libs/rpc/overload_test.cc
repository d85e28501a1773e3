#include "libs/rpc/overload.h"

#include <gtest/gtest.h>

namespace lotura::rpc {
namespace {

using std::chrono::milliseconds;

class OverloadTest : public ::testing::Test {
 protected:
  // So many come and are done in each millisecond of a time.
  void Pass(milliseconds time, int come, int done, milliseconds took = milliseconds(4)) {
    for (milliseconds passed{0}; passed < time; passed += milliseconds(1)) {
      now_ += milliseconds(1);
      for (int i = 0; i < come; ++i) overload_.Came(now_);
      for (int i = 0; i < done; ++i) overload_.Did(took, now_);
    }
  }

  Overload::Point now_{};
  Overload overload_{now_};
};

TEST_F(OverloadTest, MoreThanIsDoneForTwoSecondsIsOverload) {
  Pass(milliseconds(1'900), 3, 2);
  EXPECT_FALSE(overload_.IsOn());

  Pass(milliseconds(200), 3, 2);

  EXPECT_TRUE(overload_.IsOn());
}

TEST_F(OverloadTest, ItLastsAsLongAsTooMuchComes) {
  Pass(milliseconds(5'000), 10, 2);
  EXPECT_TRUE(overload_.IsOn());

  Pass(milliseconds(1'500), 2, 2);

  EXPECT_FALSE(overload_.IsOn());
}

TEST_F(OverloadTest, AMomentInWhichMuchIsMadeUpForDoesNotEndIt) {
  Pass(milliseconds(5'000), 10, 2);

  for (int i = 0; i < 10; ++i) {
    Pass(milliseconds(500), 3, 0);
    Pass(milliseconds(500), 3, 4);
    EXPECT_TRUE(overload_.IsOn());
  }
}

TEST_F(OverloadTest, SoonAfterAnotherOneItIsNoticedSooner) {
  Pass(milliseconds(5'000), 10, 2);
  Pass(milliseconds(1'500), 2, 2);
  ASSERT_FALSE(overload_.IsOn());

  Pass(milliseconds(800), 3, 2);

  EXPECT_TRUE(overload_.IsOn());
}

TEST_F(OverloadTest, OneThatIsDeclaredEndsLikeAnyOther) {
  overload_.Begin();
  Pass(milliseconds(900), 2, 2);
  EXPECT_TRUE(overload_.IsOn());

  Pass(milliseconds(200), 2, 2);

  EXPECT_FALSE(overload_.IsOn());
}

TEST_F(OverloadTest, WhenNobodyComesItEnds) {
  Pass(milliseconds(5'000), 10, 2);
  now_ += std::chrono::minutes(1);

  overload_.Came(now_);

  EXPECT_FALSE(overload_.IsOn());
}

TEST_F(OverloadTest, AQueueOfCallersWhoWaitIsNone) {
  for (int i = 0; i < 1'000; ++i) overload_.Came(now_);

  Pass(milliseconds(5'000), 2, 2);

  EXPECT_FALSE(overload_.IsOn());
}

TEST_F(OverloadTest, AStandstillThatIsMadeUpForIsNone) {
  for (int i = 0; i < 10; ++i) {
    Pass(milliseconds(1'500), 2, 0);
    Pass(milliseconds(1'600), 2, 4);
  }

  EXPECT_FALSE(overload_.IsOn());
}

TEST_F(OverloadTest, ATrickleIsNone) {
  for (int i = 0; i < 50; ++i) {
    Pass(milliseconds(100), 0, 0);
    Pass(milliseconds(1), 1, 0);
  }

  EXPECT_FALSE(overload_.IsOn());
}

TEST_F(OverloadTest, WhatIsDoneInASecondIsThatOfTheBestSpanOfTwoSeconds) {
  Pass(milliseconds(1'000), 3, 3);
  Pass(milliseconds(1'000), 1, 1);
  EXPECT_NEAR(overload_.DonePerSecond(), 3'000, 30);

  Pass(milliseconds(2'000), 1, 1);

  EXPECT_NEAR(overload_.DonePerSecond(), 1'000, 30);
}

TEST_F(OverloadTest, WhatIsQuickerIsUsualSoon) {
  Pass(milliseconds(1'000), 2, 2, milliseconds(20));

  Pass(milliseconds(4'000), 2, 2, milliseconds(4));

  EXPECT_LT(overload_.Usual(), milliseconds(7));
}

TEST_F(OverloadTest, WhatIsUsualIsLearnedSlowlyAndNeverFromAnOverload) {
  Pass(milliseconds(4'000), 2, 2, milliseconds(8));
  EXPECT_EQ(overload_.Usual(), milliseconds(8));

  Pass(milliseconds(10'000), 4, 2, milliseconds(900));
  EXPECT_EQ(overload_.Usual(), milliseconds(8));
  Pass(milliseconds(2'000), 0, 2, milliseconds(900));

  EXPECT_LT(overload_.Usual(), milliseconds(10));
}

}  // namespace
}  // namespace lotura::rpc
