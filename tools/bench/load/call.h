// A call on its way.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "tools/bench/load/answer.h"

namespace lotura::bench {

using Clock = std::chrono::steady_clock;

class Connection;

struct Call {
  // When it should have begun, which may be before it was sent.
  Clock::time_point intended;
  Clock::time_point deadline;
  // When it was handed to its connection, the last time.
  Clock::time_point begun;
  std::size_t repetitions = 0;
  // The message behind the prefix of gRPC, and how much of it was sent.
  std::string request;
  std::size_t sent = 0;
  // The number that the workload gave it.
  std::uint64_t number = 0;
  Answer answer;
  // The connection that carries it, or that carried the one before it.
  Connection* connection = nullptr;
  // Its stream, 0 while it has none, and its place in the session.
  std::int32_t stream = 0;
  std::size_t place = 0;
  // Its place among the calls of the load.
  std::list<Call>::iterator self;
};

struct EndedCall {
  Call* call;
  absl::Status status;
};

// Calls that are over, in the order in which they ended.
using EndedCalls = std::vector<EndedCall>;

}  // namespace lotura::bench
