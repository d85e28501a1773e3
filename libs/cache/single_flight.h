// Readers that miss the same record at the same time read the store once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "libs/base/clock.h"
#include "libs/cache/cache.h"

namespace lotura::cache {

// Joins loads that run under the same lease. That a lease still stood when a reader got it proves
// that no write was fenced since the lease was first handed out, so the load that runs under it,
// which began later, sees every write that was acknowledged before the reader came. Joining by key
// alone would answer with versions from before an acknowledged write.
//
// Thread-safe. `Result` is copied to all who joined.
template <typename Result>
class SingleFlight {
 public:
  // Runs `load`, or waits for whoever runs it under this lease. Nothing if the deadline passes
  // while waiting for another's.
  template <typename Load>
  std::optional<Result> Run(const Key& key, const Lease& lease, Deadline deadline, Load&& load) {
    auto [flight, role] = Enter(key, lease);
    if (role == Role::kJoined) return Wait(*flight, deadline);
    Result result = std::forward<Load>(load)();
    Land(key, lease, *flight, result);
    return result;
  }

  // How many wait for the load of another.
  [[nodiscard]] std::size_t Waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  enum class Role { kFirst, kJoined };
  struct Flight {
    std::condition_variable landed;
    std::optional<Result> result;
  };
  using Name = std::pair<std::string, std::string>;

  std::pair<std::shared_ptr<Flight>, Role> Enter(const Key& key, const Lease& lease) {
    const std::lock_guard lock(mutex_);
    auto [entry, added] = flights_.try_emplace(Name(key.bytes, lease.token), nullptr);
    if (added) {
      entry->second = std::make_shared<Flight>();
    } else {
      ++waiting_;
    }
    return {entry->second, added ? Role::kFirst : Role::kJoined};
  }

  std::optional<Result> Wait(Flight& flight, Deadline deadline) {
    std::unique_lock lock(mutex_);
    flight.landed.wait_until(lock, deadline.at(), [&] { return flight.result.has_value(); });
    --waiting_;
    return flight.result;
  }

  void Land(const Key& key, const Lease& lease, Flight& flight, const Result& result) {
    {
      const std::lock_guard lock(mutex_);
      flight.result = result;
      flights_.erase(Name(key.bytes, lease.token));
    }
    flight.landed.notify_all();
  }

  mutable std::mutex mutex_;  // guards flights_, what is in them, and waiting_
  std::map<Name, std::shared_ptr<Flight>> flights_;
  std::size_t waiting_ = 0;
};

}  // namespace lotura::cache
