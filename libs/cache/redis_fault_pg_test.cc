// Runs under the thread sanitizer too: tsan
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "libs/base/check.h"
#include "libs/cache/redis_cache.h"
#include "libs/testing/cache_contract.h"
#include "libs/testing/eventually.h"
#include "libs/testing/redis.h"
#include "libs/testing/redis_commands.h"

namespace lotura::cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::CachedVersion;
using testing::CacheKey;
using testing::Eventually;
using testing::LeaseOf;
using testing::RedisCommands;

// The promise is 50 ms; the rest is for a machine that has other things to do.
constexpr milliseconds kCallBound{250};
constexpr seconds kOpenBound{1};
constexpr seconds kCloseBound{5};

class RedisFaultTest : public ::testing::Test {
 protected:
  explicit RedisFaultTest(milliseconds call_timeout = RedisOptions().call_timeout) {
    const RedisOptions options{.address = server_.address(), .call_timeout = call_timeout};
    auto created = RedisCache::Create(options, counts_);
    LOTURA_CHECK(created.ok());
    cache_ = *std::move(created);
  }

  // A busy machine may take longer than the timeout now and then.
  void Store(const Key& key, std::int64_t version) {
    ASSERT_TRUE(Eventually(
        [&] {
          const Lookup lookup = cache_->Get(key);
          const auto* miss = std::get_if<Miss>(&lookup);
          if (miss != nullptr && miss->lease.has_value()) {
            cache_->Fill(key, *miss->lease, {"value", version}, seconds(60));
          }
          return CachedVersion(lookup) == version;
        },
        kCloseBound));
  }
  // How long the call took.
  template <typename Call>
  static milliseconds Time(const Call& call) {
    const auto begin = steady_clock::now();
    call();
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  }

  testing::RedisServer server_;
  Counts counts_;
  std::unique_ptr<RedisCache> cache_;
};

// No call of these tests may fail but for the fault itself.
class RedisRestartTest : public RedisFaultTest {
 protected:
  RedisRestartTest() : RedisFaultTest(seconds(5)) {}
};

TEST_F(RedisFaultTest, HungServerCostsEachCallAtMostItsTimeoutAndThenNothing) {
  const Key key = CacheKey("opportunities/o1");
  Store(key, 1);
  server_.Freeze();

  const auto begin = steady_clock::now();
  milliseconds longest{0};
  while (cache_->Reached() && steady_clock::now() - begin < kCloseBound) {
    longest = std::max(longest, Time([&] { cache_->Get(key); }));
  }

  EXPECT_LT(steady_clock::now() - begin, kOpenBound);
  EXPECT_LE(longest, kCallBound);
  EXPECT_LT(Time([&] {
              for (int i = 0; i < 1'000; ++i) cache_->Get(key);
            }),
            kCallBound);
  EXPECT_GE(counts_.Of(Event::kCircuitOpened), 1U);
}

TEST_F(RedisFaultTest, CircuitOpensSoonAfterOneFailedCallEvenWithoutTraffic) {
  server_.Freeze();

  cache_->Get(CacheKey("opportunities/o1"));

  EXPECT_TRUE(Eventually([&] { return !cache_->Reached(); }, kOpenBound));
}

TEST_F(RedisFaultTest, CircuitClosesWithoutTrafficOnceTheServerIsBack) {
  server_.Kill();
  cache_->Get(CacheKey("opportunities/o1"));
  ASSERT_TRUE(Eventually([&] { return !cache_->Reached(); }, kOpenBound));

  server_.Start();

  EXPECT_TRUE(Eventually([&] { return cache_->Reached(); }, kCloseBound));
  Store(CacheKey("opportunities/o1"), 2);
}

TEST_F(RedisRestartTest, RestartBetweenTwoCallsIsNotNoticed) {
  const Key key = CacheKey("opportunities/o1");
  Store(key, 1);
  server_.Kill();
  server_.Start();

  EXPECT_EQ(cache_->Fence(key), Fenced::kTold);

  Store(key, 2);
  EXPECT_EQ(counts_.Of(Event::kFailure), 0U);
}

TEST_F(RedisFaultTest, FencesOfAnOutageAreToldBeforeAnythingIsReadAgain) {
  const Key key = CacheKey("opportunities/o1");
  Store(key, 1);
  server_.Freeze();
  EXPECT_EQ(cache_->Fence(key), Fenced::kNotTold);
  ASSERT_TRUE(Eventually([&] { return !cache_->Reached(); }, kOpenBound));
  EXPECT_EQ(cache_->Fence(CacheKey("opportunities/o2")), Fenced::kNotTold);

  server_.Thaw();

  EXPECT_TRUE(Eventually(
      [&] {
        const Lookup lookup = cache_->Get(key);
        EXPECT_EQ(CachedVersion(lookup), 0) << "read from before the fence";
        const auto* miss = std::get_if<Miss>(&lookup);
        return miss != nullptr && miss->lease.has_value();
      },
      kCloseBound));
  EXPECT_EQ(counts_.Of(Event::kFenceOwed), 2U);
  EXPECT_EQ(counts_.Of(Event::kFencePaid), 2U);
}

TEST_F(RedisFaultTest, RecordWhoseFenceIsOwedIsNotReadThoughTheCircuitIsClosed) {
  const Key key = CacheKey("opportunities/o1");
  Store(key, 1);
  server_.Freeze();
  ASSERT_EQ(cache_->Fence(key), Fenced::kNotTold);
  server_.Thaw();

  EXPECT_EQ(CachedVersion(cache_->Get(key)), 0);

  EXPECT_TRUE(Eventually([&] { return counts_.Of(Event::kFencePaid) == 1; }, kCloseBound));
}

TEST_F(RedisFaultTest, LoadGoesOnWhileTheServerHangsDiesAndComesBack) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> calls{0};
  std::vector<std::jthread> load;
  for (int id = 0; id < 8; ++id) {
    load.emplace_back([&, id] {
      const Key key = CacheKey("load/" + std::to_string(id));
      for (std::int64_t version = 1; !stop; ++version) {
        const Lookup lookup = cache_->Get(key);
        const auto* miss = std::get_if<Miss>(&lookup);
        if (miss != nullptr && miss->lease.has_value()) {
          cache_->Fill(key, *miss->lease, {"value", version}, seconds(60));
        }
        if (version % 16 == 0) cache_->Fence(key);
        ++calls;
      }
    });
  }
  const auto serves = [&] {
    const std::uint64_t hits = counts_.Of(Event::kHit);
    return Eventually([&] { return counts_.Of(Event::kHit) > hits + 1'000; }, kCloseBound);
  };
  const auto goes_on = [&] {
    const std::uint64_t before = calls;
    return Eventually([&] { return calls > before + 1'000; }, kCloseBound);
  };

  EXPECT_TRUE(serves());
  server_.Freeze();
  EXPECT_TRUE(Eventually([&] { return !cache_->Reached(); }, kOpenBound + kCallBound));
  EXPECT_TRUE(goes_on());
  server_.Thaw();
  EXPECT_TRUE(serves());
  server_.Kill();
  EXPECT_TRUE(Eventually([&] { return !cache_->Reached(); }, kOpenBound + kCallBound));
  EXPECT_TRUE(goes_on());
  server_.Start();
  EXPECT_TRUE(serves());

  stop = true;
  load.clear();
  EXPECT_LE(counts_.Longest(), kCallBound);
}

TEST_F(RedisRestartTest, ScriptsThatTheServerForgotAreLoadedAgain) {
  Store(CacheKey("opportunities/o1"), 1);
  RedisCommands(server_).Run({"SCRIPT", "FLUSH"});

  Store(CacheKey("opportunities/o2"), 1);

  EXPECT_EQ(counts_.Of(Event::kFailure), 0U);
}

}  // namespace
}  // namespace lotura::cache
