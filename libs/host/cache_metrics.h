// What the cache of a process does, as an operator sees it.
#pragma once

#include <iterator>
#include <vector>

#include "libs/cache/cache.h"
#include "libs/observe/metrics.h"

namespace lotura::host {

// Counts what the cache does.
class CacheMetrics final : public cache::Observer {
 public:
  explicit CacheMetrics(const observe::Metrics& metrics)
      : events_(metrics.AddCounters({.name = "lotura_cache_events_total",
                                     .help = "What the cache did, by kind",
                                     .labels = {"event"}})),
        seconds_(metrics.AddHistogram(
            {.name = "lotura_cache_round_trip_seconds", .help = "Time of a round trip to Redis"},
            {std::begin(kSeconds), std::end(kSeconds)})) {
    for (std::size_t i = 0; i < cache::kEventKinds; ++i)
      counters_.push_back(events_.With({kNames[i]}));
  }
  void Count(cache::Event event, std::size_t times) override {
    counters_[static_cast<std::size_t>(event)].Add(static_cast<double>(times));
  }
  void RoundTrip(std::chrono::microseconds duration) override {
    seconds_.Observe(std::chrono::duration<double>(duration).count());
  }

 private:
  // Fine below a millisecond, where a server that is well answers. What was given up in time ends
  // before the bound of 0.05, which is what is promised (see cache::RedisOptions::call_timeout);
  // 0.055 tells threads that woke up late from those that waited for more.
  static constexpr double kSeconds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                        0.025,  0.04,    0.05,   0.055, 0.1,    0.25,  1};
  static constexpr const char* kNames[] = {"hit",
                                           "negative_hit",
                                           "miss",
                                           "miss_first",
                                           "miss_unleased",
                                           "miss_corrupt",
                                           "miss_other_layout",
                                           "stored",
                                           "fill_refused",
                                           "fill_too_large",
                                           "fill_not_reached",
                                           "fenced",
                                           "fence_owed",
                                           "fence_paid",
                                           "fence_forgotten",
                                           "connected",
                                           "failure",
                                           "pool_exhausted",
                                           "circuit_opened",
                                           "circuit_closed"};
  static_assert(std::size(kNames) == cache::kEventKinds);

  observe::CounterFamily events_;
  observe::Histogram seconds_;
  std::vector<observe::Counter> counters_;
};

}  // namespace lotura::host
