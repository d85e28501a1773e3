// What the combiner of a service does, as an operator sees it.
#pragma once

#include "libs/observe/metrics.h"
#include "libs/resource/combiner.h"

namespace lotura::host {

// Units by batches is how many writes share a commit.
class WriteMetrics {
 public:
  explicit WriteMetrics(const observe::Metrics& metrics)
      : batches_(metrics.AddCounter(
            {.name = "lotura_write_batches_total", .help = "Commits that single writes share."})),
        units_(metrics.AddCounter(
            {.name = "lotura_write_units_total", .help = "Single writes in them."})),
        waiting_(metrics.AddGauge({.name = "lotura_write_units_waiting",
                                   .help = "Writes that waited when the last batch ended."})) {}

  void Count(const resource::Combiner::Committed& batch) const {
    batches_.Add();
    units_.Add(static_cast<double>(batch.units));
    waiting_.Set(static_cast<double>(batch.waiting));
  }

 private:
  const observe::Counter batches_;
  const observe::Counter units_;
  const observe::Gauge waiting_;
};

}  // namespace lotura::host
