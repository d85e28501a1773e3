#include "libs/base/overload.h"

#include <gtest/gtest.h>

namespace lotura {
namespace {

using std::chrono::milliseconds;

class OverloadTest : public ::testing::Test {
 protected:
  // So many come and are done in each millisecond of a time.
  void Pass(milliseconds time, int come, int done) {
    for (milliseconds passed{0}; passed < time; passed += milliseconds(1)) {
      now_ += milliseconds(1);
      for (int i = 0; i < come; ++i) overload_.Came(now_);
      for (int i = 0; i < done; ++i) overload_.Did(now_);
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
  EXPECT_FALSE(overload_.Forbids(4 + 9, 4, milliseconds(5)));
  EXPECT_TRUE(overload_.Forbids(4 + 11, 4, milliseconds(5)));
}

TEST_F(OverloadTest, ItLastsAsLongAsTooMuchComes) {
  Pass(milliseconds(5'000), 10, 2);
  EXPECT_TRUE(overload_.IsOn());

  Pass(milliseconds(600), 2, 2);

  EXPECT_FALSE(overload_.IsOn());
}

TEST_F(OverloadTest, AFullQueueOfCallersWhoWaitIsNone) {
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

}  // namespace
}  // namespace lotura
