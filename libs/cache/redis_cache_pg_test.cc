// Runs under the thread sanitizer too: tsan
#include "libs/cache/redis_cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>

#include "libs/testing/cache_contract.h"
#include "libs/testing/cache_race.h"
#include "libs/testing/moments_contract.h"
#include "libs/testing/redis.h"
#include "libs/testing/redis_commands.h"

namespace lotura::cache {
namespace {

using testing::CachedVersion;
using testing::CacheKey;
using testing::LeaseOf;
using testing::RedisCommands;

RedisOptions OptionsFor(const testing::RedisServer& server) {
  return {.address = server.address(),
          .call_timeout = std::chrono::seconds(5),
          // A thousand records are read and filled in that time on the slowest machine.
          .lease_ttl = std::chrono::seconds(2),
          .ttl_max = std::chrono::seconds(60),
          .negative_ttl_max = std::chrono::seconds(60),
          .value_bytes_max = 1'000};
}

std::unique_ptr<RedisCache> NewCache(const RedisOptions& options, Observer& observer) {
  auto cache = RedisCache::Create(options, observer);
  LOTURA_CHECK(cache.ok());
  return *std::move(cache);
}

struct RedisFixture {
  Cache& cache() { return *redis; }
  Moments& moments() { return *redis; }
  void ForgetAll() { RedisCommands(server).Run({"FLUSHALL"}); }
  void LetTimePass() {}
  void Disconnect() { server.Kill(); }

  testing::RedisServer server;
  Counts counts;
  std::unique_ptr<RedisCache> redis = NewCache(OptionsFor(server), counts);
};

}  // namespace
}  // namespace lotura::cache

namespace lotura::testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, CacheContract, cache::RedisFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, MomentsContract, cache::RedisFixture);
}  // namespace lotura::testing

namespace lotura::cache {
namespace {

TEST(RedisCacheTest, NoReplicaReadsOlderThanAWriteThatWasAcknowledgedBefore) {
  RedisFixture fixture;
  Counts counts;
  const auto second = NewCache(OptionsFor(fixture.server), counts);
  const auto third = NewCache(OptionsFor(fixture.server), counts);

  const auto result =
      testing::RunCacheRace({.caches = {fixture.redis.get(), second.get(), third.get()},
                             .operations = 1'500,
                             .disturb = [&] { fixture.ForgetAll(); }});

  EXPECT_EQ(result.stale, 0U);
  EXPECT_GT(result.hits, 0U);
  EXPECT_GT(fixture.counts.Of(Event::kFillRefused), 0U) << "the race was never close";
  EXPECT_EQ(fixture.counts.Of(Event::kFailure), 0U);
}

TEST(RedisCacheTest, ChangedBytesAreAMissThatIsCountedAndFilledAgain) {
  RedisFixture fixture;
  const Key key = CacheKey("opportunities/o1");
  fixture.cache().Fill(key, LeaseOf(fixture.cache().Get(key)), {"true value", 4},
                       std::chrono::minutes(1));
  RedisCommands commands(fixture.server);
  commands.Run({"SETRANGE", key.bytes, "30", "X"});

  const Lookup lookup = fixture.cache().Get(key);

  EXPECT_EQ(fixture.counts.Of(Event::kMissCorrupt), 1U);
  EXPECT_EQ(fixture.cache().Fill(key, LeaseOf(lookup), {"true value", 4}, std::chrono::minutes(1)),
            Filled::kStored);
  EXPECT_EQ(CachedVersion(fixture.cache().Get(key)), 4);
}

TEST(RedisCacheTest, ForeignValueUnderTheKeyIsAMissAndOthersAreServed) {
  RedisFixture fixture;
  const Key foreign = CacheKey("foreign");
  const Key ours = CacheKey("ours");
  RedisCommands(fixture.server).Run({"RPUSH", foreign.bytes, "list"});

  const auto lookups = fixture.cache().GetMany(std::vector{foreign, ours});

  EXPECT_FALSE(std::get<Miss>(lookups[0]).lease.has_value());
  EXPECT_FALSE(LeaseOf(lookups[1]).token.empty());
  EXPECT_TRUE(fixture.redis->Reached());
  EXPECT_EQ(fixture.cache().Fence(foreign), Fenced::kTold);
  EXPECT_FALSE(LeaseOf(fixture.cache().Get(foreign)).token.empty());
}

TEST(RedisCacheTest, ADoorkeeperLetsInWhatIsMissedAgain) {
  const testing::RedisServer server;
  Counts counts;
  RedisOptions options = OptionsFor(server);
  options.doorkeeper_keys = 1'000;
  const auto cache = NewCache(options, counts);
  const Key key = CacheKey("seldom");

  EXPECT_FALSE(std::get<Miss>(cache->Get(key)).lease.has_value());
  EXPECT_EQ(counts.Of(Event::kMissFirst), 1U);
  const Lease lease = LeaseOf(cache->Get(key));
  EXPECT_EQ(cache->Fill(key, lease, {"value", 3}, std::chrono::minutes(1)), Filled::kStored);

  EXPECT_EQ(CachedVersion(cache->Get(key)), 3);
  EXPECT_EQ(counts.Of(Event::kMissUnleased), 0U);
}

TEST(RedisCacheTest, EverythingThatIsKeptExpiresWithinTheBound) {
  RedisFixture fixture;
  const RedisOptions options = OptionsFor(fixture.server);
  const Key entry = CacheKey("entry");
  const Key lease = CacheKey("lease");
  fixture.cache().Fill(entry, LeaseOf(fixture.cache().Get(entry)), {"value", 1},
                       std::chrono::hours(24));
  fixture.cache().Get(lease);

  RedisCommands commands(fixture.server);
  const std::int64_t entry_ms = commands.Run({"PTTL", entry.bytes}).number;
  const std::int64_t lease_ms = commands.Run({"PTTL", lease.bytes}).number;

  EXPECT_GT(entry_ms, 0);
  EXPECT_LE(entry_ms, options.ttl_max.count());
  EXPECT_GT(lease_ms, 0);
  EXPECT_LE(lease_ms, options.lease_ttl.count());
  EXPECT_EQ(options.StalenessBound(), options.ttl_max + options.lease_ttl);
}

TEST(RedisCacheTest, FullServerCostsEntriesButTakesFences) {
  RedisFixture fixture;
  const Key key = CacheKey("opportunities/o1");
  fixture.cache().Fill(key, LeaseOf(fixture.cache().Get(key)), {"value", 1},
                       std::chrono::minutes(1));
  RedisCommands(fixture.server).Run({"CONFIG", "SET", "maxmemory", "1"});

  EXPECT_FALSE(std::get<Miss>(fixture.cache().Get(CacheKey("other"))).lease.has_value());

  EXPECT_EQ(fixture.cache().Fence(key), Fenced::kTold);
  EXPECT_TRUE(fixture.redis->Reached());
}

TEST(RedisCacheTest, WrongPasswordKeepsTheCircuitOpenUntilItIsRight) {
  testing::RedisServer server;
  RedisCommands commands(server);
  commands.Run({"CONFIG", "SET", "requirepass", "right"});
  const std::filesystem::path password =
      std::filesystem::path(::testing::TempDir()) / fmt::format("redis-password-{}", getpid());
  std::ofstream(password) << "wrong\n";
  Counts counts;
  RedisOptions options = OptionsFor(server);
  options.password = Secret::InFile(password);
  const auto cache = NewCache(options, counts);
  EXPECT_TRUE(testing::Eventually([&] { return !cache->Reached(); }, std::chrono::seconds(5)));

  std::ofstream(password) << "right\n";

  EXPECT_TRUE(testing::Eventually([&] { return cache->Reached(); }, std::chrono::seconds(5)));
  EXPECT_FALSE(LeaseOf(cache->Get(CacheKey("o1"))).token.empty());
  std::filesystem::remove(password);
}

TEST(RedisCacheTest, WrongOptionsAreRefused) {
  Counts counts;
  EXPECT_FALSE(RedisCache::Create({.address = "redis.internal:6379"}, counts).ok());
}

}  // namespace
}  // namespace lotura::cache
