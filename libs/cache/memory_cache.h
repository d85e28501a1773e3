// The cache in the memory of one process: for tests and for a laptop that runs everything in one
// process.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>

#include "libs/base/clock.h"
#include "libs/cache/cache.h"
#include "libs/cache/moments.h"
#include "libs/cache/observer.h"

namespace lotura::cache {

struct MemoryOptions {
  // Records kept; the one that was read longest ago goes first.
  std::size_t records_max = 10'000;
  std::size_t value_bytes_max = 262'144;
  std::chrono::milliseconds lease_ttl{5'000};
  std::chrono::milliseconds ttl_max{60'000};
  std::chrono::milliseconds negative_ttl_max{10'000};
};

// Thread-safe.
class MemoryCache final : public Cache, public Moments {
 public:
  // An outage that a test may impose: nothing is forgotten, nothing can be told.
  enum class Reach { kReachable, kUnreachable };

  MemoryCache(MemoryOptions options, const Clock& clock, Observer& observer)
      : options_(options), clock_(clock), observer_(observer) {}
  MemoryCache(const MemoryCache&) = delete;
  MemoryCache& operator=(const MemoryCache&) = delete;

  std::vector<Lookup> GetMany(std::span<const Key> keys) override;
  std::vector<Filled> FillMany(std::span<const Filling> fillings) override;
  Fenced FenceMany(std::span<const Key> keys) override;

  // Kept as long as the process lives, and as many as there are records at most.
  Told Tell(std::span<const Moment> moments, std::chrono::seconds life) override;
  std::optional<std::vector<std::optional<Instant>>> Look(std::span<const MomentKey> keys) override;

  void SetReach(Reach reach);
  // As Redis' FLUSHALL: entries and leases are gone.
  void Clear();

 private:
  using Uses = std::list<std::string>;
  struct Slot {
    std::variant<Entry, Negative, Lease> content;
    std::uint64_t layout = 0;
    Instant expire_time;
    Uses::iterator use;
  };

  // These three expect mutex_ to be held.
  Slot* Find(const Key& key);
  void Put(const Key& key, std::variant<Entry, Negative, Lease> content,
           std::chrono::milliseconds life);
  void Forget(const std::string& key);
  Lookup Look(const Key& key);
  Filled FillOne(const Filling& filling);

  const MemoryOptions options_;
  const Clock& clock_;
  Observer& observer_;
  std::mutex mutex_;  // guards what follows
  Reach reach_ = Reach::kReachable;
  Uses uses_;                                    // most recent first
  std::unordered_map<std::string, Slot> slots_;  // by tenant and name
  std::map<std::pair<TenantId, std::string>, Instant> moments_;
};

}  // namespace lotura::cache
