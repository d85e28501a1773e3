// Quotas as a process of services has them: a file of limits, and the buckets in Redis.
#pragma once

#include <absl/status/statusor.h>

#include <memory>

#include "libs/cache/observer.h"
#include "libs/cache/redis_options.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/quota/limits_file.h"
#include "libs/quota/quotas.h"
#include "libs/quota/redis_buckets.h"

namespace lotura::quota {

struct SharedQuotasOptions {
  LimitsFileOptions file;
  cache::RedisOptions redis;
};

// What becomes of the questions to Redis: lotura_quota_redis_failures_total,
// lotura_quota_round_trip_seconds.
class RedisMetrics final : public cache::Observer {
 public:
  explicit RedisMetrics(const observe::Metrics& metrics);

  void Count(cache::Event event, std::size_t times) override;
  void RoundTrip(std::chrono::microseconds duration) override;

 private:
  const observe::Counter failures_;
  const observe::Histogram seconds_;
};

// Members stand in the order in which they depend on each other.
class SharedQuotas {
 public:
  // The errors of LimitsFile::Read and of RedisBuckets::Create. A Redis that does not answer is
  // none. Everything is at work when it returns.
  static absl::StatusOr<std::unique_ptr<SharedQuotas>> Create(const SharedQuotasOptions& options,
                                                              const observe::Log& log,
                                                              const observe::Metrics& metrics);
  SharedQuotas(const SharedQuotas&) = delete;
  SharedQuotas& operator=(const SharedQuotas&) = delete;

  [[nodiscard]] rpc::Quotas& quotas() { return *quotas_; }

 private:
  SharedQuotas(const SharedQuotasOptions& options, const observe::Log& log,
               const observe::Metrics& metrics)
      : redis_metrics_(metrics), file_(options.file, log, metrics) {}

  RedisMetrics redis_metrics_;
  std::unique_ptr<RedisBuckets> buckets_;
  std::unique_ptr<Quotas> quotas_;
  // Last, since its thread hands limits to the others.
  LimitsFile file_;
};

}  // namespace lotura::quota
