#include "libs/cache/redis_options.h"

#include <fmt/format.h>

#include "libs/base/errors.h"

namespace lotura::cache {
namespace {

using std::chrono::milliseconds;

struct Bounds {
  const char* option;
  std::int64_t value;
  std::int64_t min;
  std::int64_t max;
};

}  // namespace

absl::Status RedisOptions::Validate() const {
  Violations violations;
  const Bounds all[] = {
      {"connections", static_cast<std::int64_t>(connections), 1, 1'000},
      {"call_timeout_ms", call_timeout.count(), 1, 5'000},
      {"lease_ttl_ms", lease_ttl.count(), 100, 60'000},
      {"ttl_max_ms", ttl_max.count(), 1, 3'600'000},
      {"negative_ttl_max_ms", negative_ttl_max.count(), 1, 3'600'000},
      {"value_bytes_max", static_cast<std::int64_t>(value_bytes_max), 0, 16'777'216},
      {"owed_fences_max", static_cast<std::int64_t>(owed_fences_max), 0, 10'000'000},
      {"doorkeeper_keys", static_cast<std::int64_t>(doorkeeper_keys), 0, 16'777'216},
      {"probe_interval_ms", probe_interval.count(), 10, 2'000},
  };
  for (const Bounds& bounds : all) {
    if (bounds.value >= bounds.min && bounds.value <= bounds.max) continue;
    violations.Add(
        fmt::format("redis.{}", bounds.option), "OUT_OF_RANGE",
        fmt::format("{} is not between {} and {}", bounds.value, bounds.min, bounds.max));
  }
  if (!user.empty() && password.empty()) {
    violations.Add("redis.user", "PASSWORD_MISSING", "a user needs a password");
  }
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  return RedisEndpoint::Parse(address, plain_tcp).status();
}

}  // namespace lotura::cache
