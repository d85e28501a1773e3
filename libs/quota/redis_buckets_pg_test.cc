// The buckets in a real Redis, and quotas over them. Runs under the thread sanitizer too: tsan
#include "libs/quota/redis_buckets.h"

#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "libs/quota/buckets_contract.h"
#include "libs/quota/quotas.h"
#include "libs/testing/eventually.h"
#include "libs/testing/redis_commands.h"
#include "libs/testing/status_matchers.h"

namespace lotura::quota {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Eventually;
using testing::IsOk;
using testing::RedisCommands;

// A busy machine may need longer than the 40 ms that a process gives Redis.
constexpr milliseconds kPatient{5'000};

std::unique_ptr<RedisBuckets> Connect(const testing::RedisServer& server, cache::Observer& observer,
                                      milliseconds call_timeout = kPatient) {
  return *RedisBuckets::Create({.address = server.address(), .call_timeout = call_timeout},
                               observer);
}

void Wait(milliseconds span) {
  const auto end = steady_clock::now() + span;
  Eventually([end] { return steady_clock::now() >= end; }, span + seconds(1));
}

class RedisBench {
 public:
  SharedBuckets& Buckets() { return *buckets_; }
  static void Pass(milliseconds span) { Wait(span); }

 private:
  testing::RedisServer server_;
  cache::Counts counts_;
  std::unique_ptr<RedisBuckets> buckets_ = Connect(server_, counts_);
};

INSTANTIATE_TYPED_TEST_SUITE_P(Redis, BucketsContract, RedisBench);

class RedisBucketsTest : public ::testing::Test {
 protected:
  std::optional<Grant> Take(const Account& account, const Rate& rate, std::int64_t wanted) {
    const Request request{account, rate, wanted};
    return buckets_->Take({&request, 1}).front();
  }
  std::int64_t Taken(const Account& account) {
    return Take(account, kSlowly, 1'000).value_or(Grant{.tokens = -1}).tokens;
  }

  testing::RedisServer server_;
  cache::Counts counts_;
  std::unique_ptr<RedisBuckets> buckets_ = Connect(server_, counts_);
  RedisCommands redis_{server_};
};

// A process of its own: connections, thread and metrics.
class QuotaProcess {
 public:
  QuotaProcess(const testing::RedisServer& server, std::string_view limits,
               milliseconds call_timeout = kPatient)
      : buckets_(Connect(server, counts_, call_timeout)),
        quotas_({}, *Limits::Parse(limits), *buckets_, metrics_) {
    quotas_.Start();
  }

  // What came of a call, and how long that took.
  std::pair<absl::Status, milliseconds> Call(std::uint8_t tenant, const std::string& name) {
    const auto begin = steady_clock::now();
    const Principal caller{.tenant = AccountOf(tenant).tenant, .name = name};
    auto known = quotas_.Try(caller);
    if (!known.has_value()) {
      const auto answer = std::make_shared<std::promise<absl::Status>>();
      auto later = answer->get_future();
      quotas_.Ask(caller, [answer](absl::Status status) { answer->set_value(std::move(status)); });
      known = later.wait_for(seconds(20)) == std::future_status::ready
                  ? later.get()
                  : Internal("nobody answered");
    }
    return {*known, std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin)};
  }
  bool Admits(std::uint8_t tenant, const std::string& name) {
    return Call(tenant, name).first.ok();
  }
  int Admitted(std::uint8_t tenant, const std::string& name, int calls) {
    int admitted = 0;
    for (int i = 0; i < calls; ++i) admitted += Admits(tenant, name) ? 1 : 0;
    return admitted;
  }
  [[nodiscard]] bool IsLocal() const {
    return metrics_.Exposition().find("\nlotura_quota_local{service=\"test\"} 1") !=
           std::string::npos;
  }
  [[nodiscard]] bool Reached() const { return buckets_->Reached(); }

 private:
  observe::Metrics metrics_{"test"};
  cache::Counts counts_;
  std::unique_ptr<RedisBuckets> buckets_;
  Quotas quotas_;
};

TEST(BucketKeyTest, LiesInTheSlotOfItsTenantAndNamesNobody) {
  const std::string key = BucketKey(AccountOf(7, "users/anna}{"));

  EXPECT_EQ(BucketKey(AccountOf(7)), "lotura:quota:{00000000-0000-0000-0000-000000000007}");
  EXPECT_TRUE(key.starts_with("lotura:quota:{00000000-0000-0000-0000-000000000007}:")) << key;
  EXPECT_EQ(key.find("anna"), std::string::npos);
  EXPECT_LT(BucketKey(AccountOf(7, std::string(12'000, 'x'))).size(), 128U);
}

TEST_F(RedisBucketsTest, AFullBucketTakesNoRoom) {
  const Account account = AccountOf(1);
  Take(account, {.per_second = 100, .burst = 10}, 10);
  EXPECT_LE(redis_.Run({"PTTL", BucketKey(account)}).number, 100);

  EXPECT_TRUE(Eventually(
      [&] {
        return redis_.Run({"EXISTS", BucketKey(account)}).number == 0;
      },
      seconds(5)));
}

TEST_F(RedisBucketsTest, WhatIsNoTimeCountsAsAFullBucket) {
  for (const char* text : {"", "nobody", "nan", "-inf", "-1"}) {
    redis_.Run({"SET", BucketKey(AccountOf(1)), text});
    EXPECT_EQ(Taken(AccountOf(1)), 100) << text;
  }
}

TEST_F(RedisBucketsTest, AClockThatWasSetBackLeavesAnEmptyBucketAtMost) {
  for (const char* text : {"inf", "9999999999999999"}) {
    redis_.Run({"SET", BucketKey(AccountOf(1)), text});
    const auto grant = Take(AccountOf(1), {.per_second = 20, .burst = 2}, 1);
    ASSERT_TRUE(grant.has_value());
    EXPECT_EQ(grant->tokens, 0);
    EXPECT_LE(grant->wait, milliseconds(50));
    Wait(milliseconds(100));
    EXPECT_EQ(Take(AccountOf(1), {.per_second = 20, .burst = 2}, 2).value_or(Grant()).tokens, 2);
  }
}

TEST_F(RedisBucketsTest, ABucketThatIsSomethingElseTroublesNoOther) {
  redis_.Run({"HSET", BucketKey(AccountOf(1)), "a", "b"});
  const std::vector<Request> requests = {{AccountOf(1), kSlowly, 1}, {AccountOf(2), kSlowly, 1}};

  const auto grants = buckets_->Take(requests);

  EXPECT_FALSE(grants[0].has_value());
  EXPECT_EQ(grants[1].value_or(Grant()).tokens, 1);
  EXPECT_TRUE(buckets_->Reached());
}

TEST_F(RedisBucketsTest, ARedisWithoutMemoryCountsNothingAndEachProcessCountsForItself) {
  redis_.Run({"CONFIG", "SET", "maxmemory", "1"});

  EXPECT_FALSE(Take(AccountOf(1), kSlowly, 1).has_value());

  EXPECT_TRUE(buckets_->Reached());
  QuotaProcess process(server_, R"({"each_caller": {"per_second": 0.01, "burst": 5}})");
  EXPECT_EQ(process.Admitted(1, "users/anna", 20), 5);
}

TEST_F(RedisBucketsTest, AScriptThatRedisForgotIsTaughtAgain) {
  EXPECT_EQ(Taken(AccountOf(1)), 100);
  redis_.Run({"SCRIPT", "FLUSH"});

  EXPECT_EQ(Taken(AccountOf(2)), 100);
}

TEST_F(RedisBucketsTest, NoTwoTakeTheSameToken) {
  std::atomic<std::int64_t> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const auto own = Connect(server_, counts_);
        const Request request{AccountOf(1), {.per_second = 0.1, .burst = 1'000}, 3};
        for (int i = 0; i < 200; ++i)
          taken += own->Take({&request, 1}).front().value_or(Grant()).tokens;
      });
    }
  }

  EXPECT_EQ(taken, 1'000);
}

TEST_F(RedisBucketsTest, ProcessesTogetherAdmitWhatOneWould) {
  const Rate rate{.per_second = 400, .burst = 200};
  const std::string limits = R"({"each_tenant": {"per_second": 400, "burst": 200}})";
  QuotaProcess first(server_, limits);
  QuotaProcess second(server_, limits);
  std::atomic<int> admitted = 0;
  const auto begin = steady_clock::now();
  const auto end = begin + seconds(3);
  {
    std::vector<std::jthread> threads;
    for (QuotaProcess* process : {&first, &second, &first, &second}) {
      threads.emplace_back([&, process] {
        while (steady_clock::now() < end) admitted += process->Admits(1, "users/anna") ? 1 : 0;
      });
    }
  }
  const double seconds_passed = std::chrono::duration<double>(steady_clock::now() - begin).count();
  const double there = static_cast<double>(rate.burst) + rate.per_second * seconds_passed;

  EXPECT_LE(admitted, there + 1);
  // What each may hold and has not used.
  EXPECT_GE(admitted, there - 2 * 40 - 0.1 * there);
}

TEST_F(RedisBucketsTest, ANoisyTenantTakesNothingFromAQuietOne) {
  const std::string limits = R"({"each_tenant": {"per_second": 200, "burst": 200}})";
  QuotaProcess process(server_, limits);
  std::atomic<bool> is_over = false;
  std::atomic<int> noisy = 0;
  std::vector<std::jthread> noise;
  for (int t = 0; t < 2; ++t) {
    noise.emplace_back([&, t] {
      while (!is_over) {
        process.Admits(1, fmt::format("users/u{}", t));
        ++noisy;
      }
    });
  }

  int refused = 0;
  milliseconds longest{0};
  for (int i = 0; i < 200; ++i) {
    const auto [status, took] = process.Call(2, "users/quiet");
    refused += status.ok() ? 0 : 1;
    longest = std::max(longest, took);
    Wait(milliseconds(10));
  }
  is_over = true;
  noise.clear();

  EXPECT_EQ(refused, 0);
  EXPECT_LT(longest, milliseconds(500));
  EXPECT_GT(noisy, 10 * 200 * 2);
}

TEST_F(RedisBucketsTest, AThousandCallersHaveTheirOwnEachInAllProcesses) {
  const std::string limits = R"({"each_caller": {"per_second": 0.01, "burst": 4}})";
  QuotaProcess first(server_, limits);
  QuotaProcess second(server_, limits);

  for (int i = 0; i < 1'000; ++i) {
    const std::string name = fmt::format("users/u{}", i);
    const int admitted = first.Admitted(1, name, 3) + second.Admitted(1, name, 3);
    ASSERT_EQ(admitted, 4) << name;
  }
}

TEST_F(RedisBucketsTest, ARedisThatDiesLeavesEachProcessItsFullRateUntilItIsBack) {
  const std::string limits = R"({"each_caller": {"per_second": 0.01, "burst": 50}})";
  QuotaProcess process(server_, limits, cache::RedisOptions().call_timeout);
  ASSERT_TRUE(Eventually([&] { return process.Admits(1, "users/anna"); }, seconds(5)));
  server_.Kill();

  milliseconds longest{0};
  int admitted = 0;
  for (int i = 0; i < 100; ++i) {
    const auto [status, took] = process.Call(1, "users/bert");
    admitted += status.ok() ? 1 : 0;
    longest = std::max(longest, took);
  }
  EXPECT_EQ(admitted, 50);
  EXPECT_LT(longest, milliseconds(500));
  EXPECT_TRUE(Eventually([&] { return process.IsLocal(); }, seconds(5)));

  server_.Start();
  EXPECT_TRUE(Eventually([&] { return process.Reached() && !process.IsLocal(); }, seconds(10)));
  EXPECT_TRUE(process.Admits(1, "users/carl"));
  RedisCommands again(server_);
  EXPECT_TRUE(Eventually(
      [&] {
        process.Admits(1, "users/carl");
        return again.Run({"EXISTS", BucketKey(AccountOf(1, "users/carl"))}).number == 1;
      },
      seconds(5)));
}

TEST_F(RedisBucketsTest, ARedisThatHangsHoldsNoCallForLong) {
  const std::string limits = R"({"each_caller": {"per_second": 100, "burst": 1000}})";
  QuotaProcess process(server_, limits, cache::RedisOptions().call_timeout);
  ASSERT_TRUE(Eventually([&] { return process.Admits(1, "users/anna"); }, seconds(5)));
  server_.Freeze();

  const auto begin = steady_clock::now();
  milliseconds longest{0};
  for (int i = 0; i < 300; ++i) {
    const auto [status, took] = process.Call(1, fmt::format("users/u{}", i));
    EXPECT_THAT(status, IsOk());
    longest = std::max(longest, took);
  }

  EXPECT_LT(longest, milliseconds(500));
  EXPECT_LT(steady_clock::now() - begin, seconds(5));
  EXPECT_FALSE(process.Reached());
  server_.Thaw();
  EXPECT_TRUE(Eventually([&] { return process.Reached(); }, seconds(10)));
}

}  // namespace
}  // namespace lotura::quota
