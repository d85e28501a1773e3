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
class CacheRaceTrack {
 public:
  explicit CacheRaceTrack(const CacheRace& race) : race_(race) {
    for (std::size_t i = 0; i < records_.size(); ++i) {
      records_[i].key = cache::MakeKey({TenantId{}, "race", std::to_string(i)}, 1);
    }
  }

  CacheRaceResult Run() {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(race_.readers) +
                    static_cast<std::size_t>(race_.writers));
    for (int id = 0; id < race_.readers + race_.writers; ++id) {
      threads.emplace_back([this, id] { RunThread(id); });
    }
    threads.clear();
    return {hits_, misses_, stale_};
  }

 private:
  struct Record {
    cache::Key key;
    std::atomic<std::int64_t> committed{1};
    std::atomic<std::int64_t> acknowledged{1};
  };
  using Random = std::minstd_rand;

  static void Pause(Random& random) {
    for (auto times = random() % 8; times > 0; --times) std::this_thread::yield();
  }

  void RunThread(int id) {
    Random random(static_cast<unsigned>(id) + 1);
    cache::Cache& cache = *race_.caches[static_cast<std::size_t>(id) % race_.caches.size()];
    for (int i = 0; i < race_.operations; ++i) {
      Record& record = records_[random() % records_.size()];
      if (id < race_.readers) {
        Read(cache, record, random);
        continue;
      }
      Write(cache, record, random);
      Pause(random);
      if (i % 50 == 49) race_.disturb();
    }
  }

  static void Write(cache::Cache& cache, Record& record, Random& random) {
    const std::int64_t version = record.committed.fetch_add(1) + 1;
    Pause(random);
    cache.Fence(record.key);
    std::int64_t known = record.acknowledged.load();
    while (known < version && !record.acknowledged.compare_exchange_weak(known, version)) {
    }
  }

  void Read(cache::Cache& cache, Record& record, Random& random) {
    const std::int64_t acknowledged = record.acknowledged.load();
    const cache::Lookup lookup = cache.Get(record.key);
    if (const auto* hit = std::get_if<cache::Hit>(&lookup)) {
      ++hits_;
      if (hit->entry.version < acknowledged) ++stale_;
      return;
    }
    ++misses_;
    const std::int64_t version = record.committed.load();
    Pause(random);
    const auto* miss = std::get_if<cache::Miss>(&lookup);
    if (miss == nullptr || !miss->lease.has_value()) return;
    cache.Fill(record.key, *miss->lease, {"value", version}, std::chrono::seconds(30));
  }

  const CacheRace& race_;
  std::array<Record, 3> records_;
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> misses_{0};
  std::atomic<std::uint64_t> stale_{0};
};

inline CacheRaceResult RunCacheRace(const CacheRace& race) { return CacheRaceTrack(race).Run(); }

}  // namespace lotura::testing
