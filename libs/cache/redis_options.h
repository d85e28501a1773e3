// How the cache reaches Redis and how long it trusts what is there.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "libs/base/secret.h"
#include "libs/cache/redis_endpoint.h"

namespace lotura::cache {

struct RedisOptions {
  // As RedisEndpoint::Parse takes it.
  std::string address;
  PlainTcp plain_tcp = PlainTcp::kLoopbackOnly;
  // Empty: no authentication; a password without a user is the default user's.
  std::string user;
  Secret password;
  // Most connections at once.
  std::size_t connections = 8;
  // When a call is given up, whatever it waits for: a connection, connecting, sending or reading.
  // The platform promises that no call is held for more than 50 ms; the other ten are for the
  // thread to get a processor once its time is over. More is for tests on a busy machine.
  std::chrono::milliseconds call_timeout{40};
  // How long a reader may take between its miss and its fill.
  std::chrono::milliseconds lease_ttl{5'000};
  // The longest life of an entry, and of the knowledge that there is no record.
  std::chrono::milliseconds ttl_max{60'000};
  std::chrono::milliseconds negative_ttl_max{10'000};
  // Larger values are not kept.
  std::size_t value_bytes_max = 262'144;
  std::size_t owed_fences_max = 65'536;
  // Of so many records that were missed lately it is known that they were: only those are kept when
  // they are missed again. 0 keeps what is read once.
  std::size_t doorkeeper_keys = 0;
  // How often an unreachable server is tried again. At most 2 s.
  std::chrono::milliseconds probe_interval{250};

  // INVALID_ARGUMENT naming every option that is out of its bounds.
  [[nodiscard]] absl::Status Validate() const;

  // After this span no read returns a version older than one whose write was acknowledged, even if
  // Redis could not be told of the write: a value may be filled this late and lives that long.
  [[nodiscard]] std::chrono::milliseconds StalenessBound() const { return lease_ttl + ttl_max; }
};

}  // namespace lotura::cache
