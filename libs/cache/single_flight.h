// Readers that miss the same record at the same time read the store once.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/cache/cache.h"

namespace lotura::cache {

// Joins loads that run under the same lease. That a lease still stood when a reader got it proves
// that no write was fenced since the lease was first handed out, so the load that runs under it,
// which began later, sees every write that was acknowledged before the reader came. Joining by key
// alone would answer with versions from before an acknowledged write.
//
// A flight lasts until its result is in the cache: who comes between landing and end is given the
// result, too, for the same reason. No thread waits. Thread-safe.
template <typename Result>
class SingleFlight {
 public:
  // Called once, from the thread that lands the flight, or at once if it has landed.
  using Waiter = std::function<void(const Result&)>;
  enum class Role {
    kFirst,   // loads, then lands and ends the flight, whatever came of it
    kJoined,  // is told
  };

  Role Enter(const Key& key, const Lease& lease, Waiter waiter) {
    std::optional<Result> landed;
    {
      const std::lock_guard lock(mutex_);
      auto [entry, added] = flights_.try_emplace(Name(key.bytes, lease.token));
      Flight& flight = entry->second;
      landed = flight.result;
      if (!landed.has_value()) {
        flight.waiters.push_back(std::move(waiter));
        return added ? Role::kFirst : Role::kJoined;
      }
    }
    waiter(*landed);
    return Role::kJoined;
  }

  // Tells all who are waiting.
  void Land(const Key& key, const Lease& lease, const Result& result) {
    std::vector<Waiter> waiters;
    {
      const std::lock_guard lock(mutex_);
      Flight& flight = flights_.at(Name(key.bytes, lease.token));
      flight.result = result;
      waiters.swap(flight.waiters);
    }
    for (const Waiter& waiter : waiters) waiter(result);
  }

  void End(const Key& key, const Lease& lease) {
    const std::lock_guard lock(mutex_);
    flights_.erase(Name(key.bytes, lease.token));
  }

 private:
  struct Flight {
    std::vector<Waiter> waiters;
    std::optional<Result> result;
  };
  using Name = std::pair<std::string, std::string>;

  std::mutex mutex_;  // guards flights_
  std::map<Name, Flight> flights_;
};

}  // namespace lotura::cache
