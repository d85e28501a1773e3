// The states of the breaker, and the budget of repetitions. (tsan)
#include "libs/rpc/breaker.h"

#include <gtest/gtest.h>

namespace lotura::rpc {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Outcome = Breaker::Outcome;
using State = Breaker::State;

class BreakerTest : public ::testing::Test {
 protected:
  void Fail(int times) {
    for (int i = 0; i < times; ++i) {
      Report(Outcome::kBad);
    }
  }

  void Report(Outcome outcome) {
    const auto pass = breaker_.Allow(now_);
    ASSERT_TRUE(pass.has_value());
    breaker_.Report(*pass, outcome, now_);
  }

  Breaker::Point now_{};
  Breaker breaker_{{.failures_max = 3, .open_first = 100ms, .open_longest = 300ms}};
};

TEST_F(BreakerTest, FailuresInARowOpenIt) {
  Fail(2);
  Report(Outcome::kGood);
  Fail(2);
  EXPECT_EQ(breaker_.state(), State::kClosed);

  Fail(1);

  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_FALSE(breaker_.Allow(now_ + 99ms));
}

TEST_F(BreakerTest, OneProbeGoesWhenTheTimeIsOver) {
  Fail(3);
  now_ += 100ms;

  EXPECT_TRUE(breaker_.Allow(now_));
  EXPECT_FALSE(breaker_.Allow(now_));
}

TEST_F(BreakerTest, AGoodProbeClosesIt) {
  Fail(3);
  now_ += 100ms;

  Report(Outcome::kGood);

  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_TRUE(breaker_.Allow(now_));
}

TEST_F(BreakerTest, BadProbesDoubleThePauseUpToItsBound) {
  Fail(3);
  for (const auto pause : {100ms, 200ms, 300ms, 300ms}) {
    EXPECT_FALSE(breaker_.Allow(now_ + pause - 1ms));
    now_ += pause;
    Fail(1);
  }
}

TEST_F(BreakerTest, AProbeThatSaysNothingIsFollowedByAnother) {
  Fail(3);
  now_ += 100ms;

  Report(Outcome::kNone);

  EXPECT_EQ(breaker_.state(), State::kOpen);
  Report(Outcome::kGood);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, WhatSaysNothingEndsNoRowOfFailures) {
  Fail(2);
  Report(Outcome::kNone);
  Fail(1);

  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, CallsFromBeforeItOpenedSayNothing) {
  const auto early = breaker_.Allow(now_);
  Fail(3);

  breaker_.Report(*early, Outcome::kGood, now_);
  EXPECT_EQ(breaker_.state(), State::kOpen);

  now_ += 100ms;
  ASSERT_TRUE(breaker_.Allow(now_).has_value());
  breaker_.Report(*early, Outcome::kGood, now_);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
}

TEST(RetryBudgetTest, TokensRunOutAndAreEarnedSlowly) {
  RetryBudget budget;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());

  for (int i = 0; i < 11; ++i) budget.Earn();

  EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());
}

}  // namespace
}  // namespace lotura::rpc
