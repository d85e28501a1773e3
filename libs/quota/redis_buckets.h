// The shared buckets in Redis.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "libs/cache/observer.h"
#include "libs/cache/redis_client.h"
#include "libs/cache/redis_options.h"
#include "libs/quota/shared_buckets.h"

namespace lotura::quota {

// The key of an account's bucket. All of one tenant's lie in one hash slot; no name of a caller
// stands in it.
std::string BucketKey(const Account& account);

// Each is one key, the time at which the bucket is full by the clock of Redis; a full bucket is no
// key. One script takes tokens, so that no two processes take the same. Owns a connection and the
// thread that watches over it.
class RedisBuckets final : public SharedBuckets {
 public:
  // INVALID_ARGUMENT for wrong options, of which those of the cache alone do not matter. A server
  // that does not answer is no error: the buckets are reached when it does.
  static absl::StatusOr<std::unique_ptr<RedisBuckets>> Create(cache::RedisOptions options,
                                                              cache::Observer& observer);
  ~RedisBuckets() override;
  RedisBuckets(const RedisBuckets&) = delete;
  RedisBuckets& operator=(const RedisBuckets&) = delete;

  std::vector<std::optional<Grant>> Take(std::span<const Request> requests) override;
  [[nodiscard]] bool Reached() const override { return client_.CircuitIsClosed(); }

 private:
  RedisBuckets(const cache::RedisOptions& options, cache::RedisEndpoint endpoint,
               cache::Observer& observer);

  const std::chrono::milliseconds call_timeout_;
  cache::RedisClient client_;
};

}  // namespace lotura::quota
