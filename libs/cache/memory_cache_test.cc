// Runs under the thread sanitizer too: tsan
#include "libs/cache/memory_cache.h"

#include <gtest/gtest.h>

#include "libs/testing/cache_contract.h"
#include "libs/testing/cache_race.h"
#include "libs/testing/fakes.h"
#include "libs/testing/moments_contract.h"

namespace lotura::cache {
namespace {

using testing::CacheKey;
using testing::LeaseOf;

struct MemoryFixture {
  Cache& cache() { return memory; }
  Moments& moments() { return memory; }
  void ForgetAll() { memory.Clear(); }
  void LetTimePass() { clock.Advance(std::chrono::milliseconds(5)); }
  void Disconnect() { memory.SetReach(MemoryCache::Reach::kUnreachable); }

  testing::FakeClock clock;
  Counts counts;
  MemoryCache memory{{.value_bytes_max = 1'000,
                      .lease_ttl = std::chrono::milliseconds(100),
                      .ttl_max = std::chrono::seconds(60),
                      .negative_ttl_max = std::chrono::seconds(60)},
                     clock,
                     counts};
};

}  // namespace
}  // namespace lotura::cache

namespace lotura::testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, CacheContract, cache::MemoryFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, MomentsContract, cache::MemoryFixture);
}  // namespace lotura::testing

namespace lotura::cache {
namespace {

// Fills whatever the lease says, as a cache without leases does.
class Careless final : public Cache {
 public:
  explicit Careless(Cache& inner) : inner_(inner) {}
  std::vector<Lookup> GetMany(std::span<const Key> keys) override { return inner_.GetMany(keys); }
  Fenced FenceMany(std::span<const Key> keys) override { return inner_.FenceMany(keys); }
  std::vector<Filled> FillMany(std::span<const Filling> fillings) override {
    std::vector<Filling> forced(fillings.begin(), fillings.end());
    for (Filling& filling : forced) {
      const Lookup lookup = inner_.Get(filling.key);
      if (const auto* miss = std::get_if<Miss>(&lookup)) filling.lease = *miss->lease;
    }
    return inner_.FillMany(forced);
  }

 private:
  Cache& inner_;
};

TEST(MemoryCacheTest, NoReadIsOlderThanAWriteThatWasAcknowledgedBefore) {
  MemoryFixture fixture;

  const auto result = testing::RunCacheRace(
      {.caches = {&fixture.cache()}, .operations = 5'000, .disturb = [&] { fixture.ForgetAll(); }});

  EXPECT_EQ(result.stale, 0U);
  EXPECT_GT(result.hits, 0U);
  EXPECT_GT(result.misses, 0U);
}

TEST(MemoryCacheTest, TheRaceFindsACacheThatIgnoresLeases) {
  MemoryFixture fixture;
  Careless careless(fixture.cache());

  std::uint64_t stale = 0;
  for (int round = 0; stale == 0 && round < 100; ++round) {
    stale = testing::RunCacheRace({.caches = {&careless}, .operations = 2'000}).stale;
  }

  EXPECT_GT(stale, 0U);
}

TEST(MemoryCacheTest, TheRecordThatWasReadLongestAgoGoesFirst) {
  const testing::FakeClock clock;
  Counts counts;
  MemoryCache cache({.records_max = 2}, clock, counts);
  const std::chrono::seconds ttl(10);
  for (const char* name : {"a", "b"}) {
    cache.Fill(CacheKey(name), LeaseOf(cache.Get(CacheKey(name))), {name, 1}, ttl);
  }
  ASSERT_EQ(testing::CachedVersion(cache.Get(CacheKey("a"))), 1);

  cache.Get(CacheKey("c"));

  EXPECT_EQ(testing::CachedVersion(cache.Get(CacheKey("a"))), 1);
  EXPECT_EQ(testing::CachedVersion(cache.Get(CacheKey("b"))), 0);
}

}  // namespace
}  // namespace lotura::cache
