// The cache in Redis.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/cache/cache.h"
#include "libs/cache/doorkeeper.h"
#include "libs/cache/entry.h"
#include "libs/cache/moments.h"
#include "libs/cache/observer.h"
#include "libs/cache/owed_fences.h"
#include "libs/cache/redis_client.h"
#include "libs/cache/redis_options.h"

namespace lotura::cache {

// Thread-safe. Owns its connections and one thread.
class RedisCache final : public Cache, public Moments {
 public:
  // INVALID_ARGUMENT for wrong options. A server that does not answer is no error: the cache begins
  // to work when it does.
  static absl::StatusOr<std::unique_ptr<RedisCache>> Create(const RedisOptions& options,
                                                            Observer& observer);
  ~RedisCache() override;

  std::vector<Lookup> GetMany(std::span<const Key> keys) override;
  std::vector<Filled> FillMany(std::span<const Filling> fillings) override;
  Fenced FenceMany(std::span<const Key> keys) override;

  // Of several processes that tell of one moment the latest counts.
  Told Tell(std::span<const Moment> moments, std::chrono::seconds life) override;
  std::optional<std::vector<std::optional<Instant>>> Look(std::span<const MomentKey> keys) override;

  // False while the server cannot be reached; for the readiness page and for tests.
  [[nodiscard]] bool Reached() const { return client_.CircuitIsClosed(); }

 private:
  RedisCache(const RedisOptions& options, RedisEndpoint endpoint, Observer& observer);

  // Where a lookup had no usable entry: which result it is, and what stood there.
  struct Unanswered {
    std::size_t index = 0;
    std::string seen;
  };
  // What stands at the places, in order; nil where something else than a text does. One command for
  // all: Redis spends on a command several times what it spends on a key.
  std::optional<std::vector<Reply>> Read(std::vector<std::string> places, Deadline deadline);
  Lookup Judge(const Key& key, const Reply& reply, std::vector<Unanswered>& unanswered,
               std::size_t index);
  // Takes away what is missed for the first time; returns how many that were.
  std::size_t TurnAwayFirst(std::span<const Key> keys, std::vector<Unanswered>& unanswered);
  void TakeLeases(std::span<const Key> keys, std::span<const Unanswered> unanswered,
                  Deadline deadline, std::vector<Lookup>& lookups);
  void CountLookups(std::span<const Lookup> lookups, std::size_t first);
  [[nodiscard]] std::string Life(const Filling& filling) const;
  RedisClient::Chores PayOwedFences();

  const RedisOptions options_;
  Observer& observer_;
  OwedFences owed_;
  Doorkeeper doorkeeper_;
  RedisClient client_;
};

}  // namespace lotura::cache
