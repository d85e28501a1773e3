// Drives calls against a server and measures them as their callers see them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tools/bench/load/address.h"
#include "tools/bench/load/latencies.h"
#include "tools/bench/load/requests.h"

namespace lotura::bench {

struct LoadPlan {
  // Used in turn.
  std::size_t connections = 8;
  // Closed loop: this many calls are always in flight. 0: open loop.
  std::size_t in_flight = 0;
  // Open loop: calls begin at this rate a second, answered or not.
  double rate = 0;
  // Open loop: calls that are not answered; one more is not sent and counts as OVERRUN.
  std::size_t unanswered_max = 20'000;
  // What begins before this span has passed is not counted.
  std::chrono::milliseconds warm_up{2'000};
  std::chrono::milliseconds measured{8'000};
  // Of each call, from when it should have begun; of a repetition, from when it is sent.
  std::chrono::milliseconds deadline{5'000};
  // Open loop: how often a call that failed is sent again, at once, as callers do who do not think
  // of others.
  std::size_t repetitions_max = 0;
  std::string token;
  // The header `priority` of the calls; empty: none.
  std::string priority;
  std::uint64_t seed = 1;
};

struct LoadResult {
  std::uint64_t ok = 0;
  // Of the messages of those that were counted as ok.
  std::uint64_t answer_bytes = 0;
  // Reasons ("QUEUE_FULL") of all others, with how many there were. Of a call that was repeated the
  // last one counts.
  std::map<std::string, std::uint64_t> failed;
  // Of calls that are counted.
  std::uint64_t repetitions = 0;
  // Refusals (RESOURCE_EXHAUSTED) that did not say when to come again.
  std::uint64_t refused_without_time = 0;
  // Of successful and of refused calls. In an open loop from when the call should have begun, so
  // that what a stalled server keeps waiting is counted as waiting.
  Latencies ok_latencies;
  Latencies failed_latencies;
  // Of refusals alone, each from when it was sent.
  Latencies refused_latencies;
  std::chrono::duration<double> measured{};
  // Used by this process while it measured.
  std::chrono::duration<double> cpu{};
};

// Runs the load to its end, which comes at most `deadline` after the measured span: a call that has
// no answer by then ends with DEADLINE_EXCEEDED. All on the calling thread. Not thread-safe.
LoadResult RunLoad(const Target& target, const Workload& workload, const LoadPlan& plan);

}  // namespace lotura::bench
