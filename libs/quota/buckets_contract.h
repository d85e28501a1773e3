// What shared buckets promise, whichever they are: `Bench` has `Buckets()` and `Pass(span)`.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/quota/shared_buckets.h"

namespace lotura::quota {

inline Account AccountOf(std::uint8_t tenant, const std::string& caller = {}) {
  Account account;
  account.tenant.value.bytes[15] = tenant;
  account.caller = caller;
  return account;
}

template <typename Bench>
class BucketsContract : public ::testing::Test {
 protected:
  Grant Take(const Account& account, const Rate& rate, std::int64_t wanted) {
    const Request request{account, rate, wanted};
    const auto grants = bench_.Buckets().Take({&request, 1});
    EXPECT_EQ(grants.size(), 1U);
    EXPECT_TRUE(grants.front().has_value());
    return grants.front().value_or(Grant());
  }

  Bench bench_;
};
TYPED_TEST_SUITE_P(BucketsContract);

// Nothing comes in while a test lasts.
inline constexpr Rate kSlowly{.per_second = 0.01, .burst = 100};

TYPED_TEST_P(BucketsContract, AFullBucketGivesItsBurstAndNoMore) {
  EXPECT_EQ(this->Take(AccountOf(1), kSlowly, 60).tokens, 60);
  EXPECT_EQ(this->Take(AccountOf(1), kSlowly, 60).tokens, 40);

  const Grant none = this->Take(AccountOf(1), kSlowly, 1);

  EXPECT_EQ(none.tokens, 0);
  EXPECT_GT(none.wait, std::chrono::seconds(40));
  EXPECT_LE(none.wait, std::chrono::seconds(100));
}

TYPED_TEST_P(BucketsContract, FillsWithItsRate) {
  const Rate rate{.per_second = 100, .burst = 10};
  EXPECT_EQ(this->Take(AccountOf(1), rate, 100).tokens, 10);

  this->bench_.Pass(std::chrono::milliseconds(60));

  const std::int64_t refilled = this->Take(AccountOf(1), rate, 100).tokens;
  EXPECT_GE(refilled, 6);
  EXPECT_LE(refilled, 10);
}

TYPED_TEST_P(BucketsContract, WaitsAreAsLongAsItSays) {
  const Rate rate{.per_second = 20, .burst = 2};
  this->Take(AccountOf(1), rate, 2);
  const Grant none = this->Take(AccountOf(1), rate, 1);
  ASSERT_EQ(none.tokens, 0);
  EXPECT_LE(none.wait, std::chrono::milliseconds(50));

  this->bench_.Pass(std::chrono::ceil<std::chrono::milliseconds>(none.wait));

  EXPECT_GE(this->Take(AccountOf(1), rate, 1).tokens, 1);
}

TYPED_TEST_P(BucketsContract, AccountsAreApart) {
  const std::vector<Account> accounts = {AccountOf(1),
                                         AccountOf(2),
                                         AccountOf(1, "users/anna"),
                                         AccountOf(2, "users/anna"),
                                         AccountOf(1, "a}b"),
                                         AccountOf(1, "a{b}"),
                                         AccountOf(1, std::string("a\0b", 3)),
                                         AccountOf(1, "\r\nPING\r\n"),
                                         AccountOf(1, std::string(12'000, '}')),
                                         AccountOf(1, "users/*")};
  std::vector<Request> requests;
  for (const Account& account : accounts) requests.push_back({account, kSlowly, 100});

  for (const auto& grant : this->bench_.Buckets().Take(requests)) {
    ASSERT_TRUE(grant.has_value());
    EXPECT_EQ(grant->tokens, 100);
  }
}

TYPED_TEST_P(BucketsContract, AnotherRateLeavesAnEmptyBucketAtMost) {
  this->Take(AccountOf(1), {.per_second = 0.01, .burst = 1'000}, 1'000);
  const Rate faster{.per_second = 1'000, .burst = 100};
  EXPECT_LT(this->Take(AccountOf(1), faster, 100).tokens, 100);

  this->bench_.Pass(std::chrono::milliseconds(100));

  EXPECT_EQ(this->Take(AccountOf(1), faster, 100).tokens, 100);
}

TYPED_TEST_P(BucketsContract, ManyAreAskedAtOnce) {
  std::vector<Request> requests;
  for (int i = 0; i < 512; ++i)
    requests.push_back({AccountOf(1, "users/u" + std::to_string(i)), kSlowly, 1 + i % 100});

  const auto grants = this->bench_.Buckets().Take(requests);

  ASSERT_EQ(grants.size(), requests.size());
  for (std::size_t i = 0; i < grants.size(); ++i)
    EXPECT_EQ(grants[i].value_or(Grant()).tokens, requests[i].wanted);
}

REGISTER_TYPED_TEST_SUITE_P(BucketsContract, AFullBucketGivesItsBurstAndNoMore, FillsWithItsRate,
                            WaitsAreAsLongAsItSays, AccountsAreApart,
                            AnotherRateLeavesAnEmptyBucketAtMost, ManyAreAskedAtOnce);

}  // namespace lotura::quota
