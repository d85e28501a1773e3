// The cache as one process reaches it.
#pragma once

#include <map>
#include <string>

#include "libs/cache/cache.h"
#include "libs/cache/memory_cache.h"
#include "tests/simulation/process.h"

namespace lotura::simulation {

// Records of which the cache could not be told that they have changed: until then an older version
// may be read. A key is Key::bytes.
class UntoldFences {
 public:
  void Add(const std::string& key, Instant until) { until_[key] = until; }
  [[nodiscard]] bool Covers(const std::string& key, Instant time) const {
    const auto found = until_.find(key);
    return found != until_.end() && time < found->second;
  }

 private:
  std::map<std::string, Instant> until_;
};

// Shared by all processes, as a Redis is.
struct SharedCache {
  SharedCache(World& world, cache::Observer& observer)
      : memory({.lease_ttl = kLease, .ttl_max = kTtl, .negative_ttl_max = kTtl}, world, observer) {}

  static constexpr std::chrono::milliseconds kLease{1'000};
  static constexpr std::chrono::milliseconds kTtl{2'000};

  cache::MemoryCache memory;
  UntoldFences untold;
};

class FaultyCache final : public cache::Cache {
 public:
  // `cache` is the shared one's memory, or a mutant before it.
  FaultyCache(Process& process, SharedCache& shared, cache::Cache& cache)
      : process_(process), shared_(shared), cache_(cache) {}

  std::vector<cache::Lookup> GetMany(std::span<const cache::Key> keys) override;
  std::vector<cache::Filled> FillMany(std::span<const cache::Filling> fillings) override;
  cache::Fenced FenceMany(std::span<const cache::Key> keys) override;

 private:
  // As when memory is short.
  void EvictSome(std::span<const cache::Key> keys);

  Process& process_;
  SharedCache& shared_;
  cache::Cache& cache_;
};

}  // namespace lotura::simulation
