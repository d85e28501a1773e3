// What an operator sees of the journal, the relay and the consumers of a service.
#pragma once

#include <string>

#include "libs/observe/metrics.h"

namespace lotura::events {

struct RelayMetrics {
  explicit RelayMetrics(const observe::Metrics& metrics);

  observe::Gauge lease_held;
  // In every process, whoever publishes.
  observe::Gauge oldest_unpublished_seconds;
  observe::Gauge horizon_age_seconds;
  observe::Counter published;
  // From the beginning of a write's transaction until the broker confirmed its entry.
  observe::Histogram delay;
  // By reason.
  observe::CounterFamily failures;
  observe::Counter producers_replaced;
};

struct ConsumerMetrics {
  ConsumerMetrics(const observe::Metrics& metrics, const std::string& consumer);

  observe::Gauge lag_records;
  observe::Gauge lag_seconds;
  observe::Counter handled;
  observe::Counter duplicates;
  observe::Counter dead_letters;
  observe::Gauge parked;
  observe::CounterFamily failures;
  std::string consumer;
};

struct UpkeepMetrics {
  explicit UpkeepMetrics(const observe::Metrics& metrics);

  // Days from tomorrow on whose partition exists, by table.
  observe::GaugeFamily days_ahead;
  observe::CounterFamily failures;
};

}  // namespace lotura::events
