// What an operator sees of the subscribers of a service.
#pragma once

#include "libs/observe/metrics.h"

namespace lotura::feed {

struct FeedMetrics {
  explicit FeedMetrics(const observe::Metrics& metrics);

  // By phase: "live", "catching_up", "snapshot", "held".
  observe::GaugeFamily subscribers;
  observe::Counter sent;
  observe::Counter snapshot_records;
  observe::Counter heartbeats;
  // By the kind of read: "tail", "catch_up", "open", "snapshot".
  observe::CounterFamily reads;
  observe::Gauge ring_events;
  observe::Gauge ring_bytes;
  observe::Gauge lag_seconds;
  observe::Gauge waiting;
  // By reason.
  observe::CounterFamily failures;
  // By reason.
  observe::CounterFamily ended;
};

}  // namespace lotura::feed
