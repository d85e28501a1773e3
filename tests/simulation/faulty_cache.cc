#include "tests/simulation/faulty_cache.h"

namespace lotura::simulation {
namespace {

using cache::Fenced;
using cache::Filled;
using cache::Filling;
using cache::Key;
using cache::Lookup;
using std::chrono::microseconds;

constexpr microseconds kLateMin{5'000};
constexpr microseconds kLateMax{300'000};

}  // namespace

void FaultyCache::EvictSome(std::span<const Key> keys) {
  if (!process_.faults().Strikes(Fault::kEviction)) return;
  // Also of a lease, which ends as one that is fenced does.
  static_cast<void>(shared_.memory.FenceMany(keys));
}

std::vector<Lookup> FaultyCache::GetMany(std::span<const Key> keys) {
  std::vector<Lookup> missed(keys.size(), cache::Miss{});
  if (!process_.Travel() || process_.faults().Strikes(Fault::kCacheUnreachable)) return missed;
  EvictSome(keys);
  std::vector<Lookup> lookups = cache_.GetMany(keys);
  return process_.Travel() ? lookups : missed;
}

std::vector<Filled> FaultyCache::FillMany(std::span<const Filling> fillings) {
  std::vector<Filled> lost(fillings.size(), Filled::kNotReached);
  Faults& faults = process_.faults();
  if (!process_.Travel() || faults.Strikes(Fault::kCacheUnreachable)) return lost;
  if (faults.Strikes(Fault::kFillLate))
    process_.world().Pause(process_.world().chance().Span(kLateMin, kLateMax));
  // What was sent arrives, whoever has died since.
  std::vector<Filled> filled = cache_.FillMany(fillings);
  return process_.Travel() ? filled : lost;
}

Fenced FaultyCache::FenceMany(std::span<const Key> keys) {
  // A process that has died tells nobody that the write was done either.
  if (!process_.Travel()) return Fenced::kNotTold;
  Fenced fenced = Fenced::kNotTold;
  if (!process_.faults().Strikes(Fault::kFenceLost)) fenced = cache_.FenceMany(keys);
  if (fenced == Fenced::kNotTold) {
    // Whoever holds a lease may fill until it ends, and what is filled is read until it expires.
    const Instant until = process_.world().Now() + SharedCache::kLease + SharedCache::kTtl;
    for (const Key& key : keys) shared_.untold.Add(key.bytes, until);
    process_.world().Note("{} cannot tell the cache", process_.name());
  }
  static_cast<void>(process_.Travel());
  return fenced;
}

}  // namespace lotura::simulation
