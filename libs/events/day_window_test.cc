#include "libs/events/day_window.h"

#include <gtest/gtest.h>

namespace lotura::events {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

using Days = std::vector<Day>;

class DayWindowTest : public ::testing::Test {
 protected:
  DayWindowTest() {
    window_.SetExisting({monday_ - days(1), monday_, monday_ + days(1), monday_ + days(2)});
  }

  const Day monday_ = std::chrono::year{2026} / 1 / 12;
  const Instant noon_ = Instant(monday_) + hours(12);
  const Instant midnight_ = Instant(monday_ + days(1));
  DayWindow window_{minutes(10)};
};

TEST_F(DayWindowTest, ReaderBeginsWithEveryDayUpToToday) {
  EXPECT_EQ(window_.Open(noon_), (Days{monday_ - days(1), monday_}));
}

TEST_F(DayWindowTest, TomorrowIsReadShortlyBeforeItBegins) {
  EXPECT_EQ(window_.Open(midnight_ - minutes(11)).back(), monday_);
  EXPECT_EQ(window_.Open(midnight_ - minutes(10)).back(), monday_ + days(1));
}

TEST_F(DayWindowTest, DayEndsOnlyWhenClocksCannotDisagree) {
  EXPECT_EQ(window_.Ended(midnight_ + minutes(9)), (Days{monday_ - days(1)}));
  EXPECT_EQ(window_.Ended(midnight_ + minutes(10)), (Days{monday_ - days(1), monday_}));
}

TEST_F(DayWindowTest, DayIsNotLeftWhileATransactionFromItIsRunning) {
  window_.ObserveRunning(noon_, {"3/1", "4/7"}, 700);
  EXPECT_EQ(window_.fence(), std::nullopt);

  window_.ObserveRunning(noon_, {"3/2", "4/7"}, 710);
  EXPECT_EQ(window_.fence(), std::nullopt);

  window_.ObserveRunning(noon_, {"3/3", "4/8"}, 720);
  EXPECT_EQ(window_.fence(), 720);
}

TEST_F(DayWindowTest, TransactionThatBeganLaterDoesNotHoldTheDay) {
  window_.ObserveRunning(noon_, {}, 700);

  EXPECT_EQ(window_.fence(), 700);
  window_.ObserveRunning(noon_, {"9/9"}, 800);
  EXPECT_EQ(window_.fence(), 700);
}

TEST_F(DayWindowTest, AnotherDayThatEndedBeginsTheStagesAnew) {
  window_.ObserveRunning(noon_, {}, 700);

  window_.ObserveRunning(midnight_ + hours(1), {"5/5"}, 900);
  EXPECT_EQ(window_.fence(), std::nullopt);
  window_.ObserveRunning(midnight_ + hours(1), {}, 950);

  EXPECT_EQ(window_.fence(), 950);
}

TEST_F(DayWindowTest, DayThatWasLeftIsNotReadUntilTheWindowIsReopened) {
  window_.ObserveRunning(noon_, {}, 700);
  window_.Leave(monday_ - days(1));
  EXPECT_EQ(window_.Open(noon_), (Days{monday_}));

  window_.Reopen();

  EXPECT_EQ(window_.Open(noon_), (Days{monday_ - days(1), monday_}));
}

}  // namespace
}  // namespace lotura::events
