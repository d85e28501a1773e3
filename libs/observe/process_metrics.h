// What the operating system knows of this process, under the names that Prometheus dashboards
// expect.
#pragma once

#include "libs/observe/metrics.h"

namespace lotura::observe::internal {

// Not thread-safe; the registry updates it before each exposition.
class ProcessMetrics {
 public:
  ProcessMetrics(Counter cpu_seconds, Gauge resident_bytes, Gauge open_files, Gauge threads)
      : cpu_seconds_(cpu_seconds),
        resident_bytes_(resident_bytes),
        open_files_(open_files),
        threads_(threads) {}

  void Update();

 private:
  Counter cpu_seconds_;
  Gauge resident_bytes_;
  Gauge open_files_;
  Gauge threads_;
};

}  // namespace lotura::observe::internal
