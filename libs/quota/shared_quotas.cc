#include "libs/quota/shared_quotas.h"

#include "libs/base/errors.h"

namespace lotura::quota {

RedisMetrics::RedisMetrics(const observe::Metrics& metrics)
    : failures_(metrics.AddCounter({.name = "lotura_quota_redis_failures_total",
                                    .help = "Questions to Redis about quotas that failed."})),
      seconds_(metrics.AddHistogram({.name = "lotura_quota_round_trip_seconds",
                                     .help = "Time of a round trip to Redis for quotas."})) {}

void RedisMetrics::Count(cache::Event event, std::size_t times) {
  if (event == cache::Event::kFailure) failures_.Add(static_cast<double>(times));
}

void RedisMetrics::RoundTrip(std::chrono::microseconds duration) {
  seconds_.Observe(std::chrono::duration<double>(duration).count());
}

absl::StatusOr<std::unique_ptr<SharedQuotas>> SharedQuotas::Create(
    const SharedQuotasOptions& options, const observe::Log& log, const observe::Metrics& metrics) {
  std::unique_ptr<SharedQuotas> made(new SharedQuotas(options, log, metrics));
  LOTURA_ASSIGN_OR_RETURN(Limits limits, made->file_.Read());
  LOTURA_ASSIGN_OR_RETURN(made->buckets_,
                          RedisBuckets::Create(options.redis, made->redis_metrics_));
  made->quotas_ =
      std::make_unique<Quotas>(QuotasOptions{}, std::move(limits), *made->buckets_, metrics);
  made->quotas_->Start();
  made->file_.Start(
      [quotas = made->quotas_.get()](Limits taken) { quotas->Use(std::move(taken)); });
  return made;
}

}  // namespace lotura::quota
