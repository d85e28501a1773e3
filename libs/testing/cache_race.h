// Readers and writers that share a cache and a store, and the judge of what they read.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "libs/cache/cache.h"

namespace lotura::testing {

// Each thread works through one of `caches` in turn, as replicas of a service do.
struct CacheRace {
  std::vector<cache::Cache*> caches;
  int readers = 8;
  int writers = 4;
  int operations = 1'000;
  // Called by writers now and then, for faults.
  std::function<void()> disturb = [] {};
};

struct CacheRaceResult {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  // Reads that began after a write was acknowledged and answered with an older version.
  std::uint64_t stale = 0;
};

// Writers commit a version, fence it and acknowledge it; readers read through the cache and pause
// at random between their read of the store and their fill, which is where an unguarded fill would
// bring an old version back.
inline CacheRaceResult RunCacheRace(const CacheRace& race) {
  constexpr int kRecords = 3;
  struct Record {
    cache::Key key;
    std::atomic<std::int64_t> committed{1};
    std::atomic<std::int64_t> acknowledged{1};
  };
  std::array<Record, kRecords> records;
  for (int i = 0; i < kRecords; ++i) {
    records[static_cast<std::size_t>(i)].key =
        cache::MakeKey({TenantId{}, "race", std::to_string(i)}, 1);
  }
  std::atomic<std::uint64_t> hits{0};
  std::atomic<std::uint64_t> misses{0};
  std::atomic<std::uint64_t> stale{0};

  const auto pause = [](std::minstd_rand& random) {
    for (auto times = random() % 8; times > 0; --times) std::this_thread::yield();
  };
  const auto write = [&](cache::Cache& cache, Record& record, std::minstd_rand& random) {
    const std::int64_t version = record.committed.fetch_add(1) + 1;
    pause(random);
    cache.Fence(record.key);
    std::int64_t known = record.acknowledged.load();
    while (known < version && !record.acknowledged.compare_exchange_weak(known, version)) {
    }
  };
  const auto read = [&](cache::Cache& cache, Record& record, std::minstd_rand& random) {
    const std::int64_t acknowledged = record.acknowledged.load();
    const cache::Lookup lookup = cache.Get(record.key);
    if (const auto* hit = std::get_if<cache::Hit>(&lookup)) {
      ++hits;
      if (hit->entry.version < acknowledged) ++stale;
      return;
    }
    ++misses;
    const std::int64_t version = record.committed.load();
    pause(random);
    const auto* miss = std::get_if<cache::Miss>(&lookup);
    if (miss == nullptr || !miss->lease.has_value()) return;
    cache.Fill(record.key, *miss->lease, {"value", version}, std::chrono::seconds(30));
  };

  std::vector<std::jthread> threads;
  for (int id = 0; id < race.readers + race.writers; ++id) {
    threads.emplace_back([&, id] {
      std::minstd_rand random(static_cast<unsigned>(id) + 1);
      cache::Cache& cache = *race.caches[static_cast<std::size_t>(id) % race.caches.size()];
      for (int i = 0; i < race.operations; ++i) {
        Record& record = records[random() % kRecords];
        if (id < race.readers) {
          read(cache, record, random);
          continue;
        }
        write(cache, record, random);
        pause(random);
        if (i % 50 == 49) race.disturb();
      }
    });
  }
  threads.clear();
  return {hits, misses, stale};
}

}  // namespace lotura::testing
