// What single reads of a service share, as an operator sees it.
#pragma once

#include "libs/observe/metrics.h"
#include "libs/resource/record_reads.h"

namespace lotura::host {

// Reads by batches is how many share a round trip.
class ReadMetrics {
 public:
  explicit ReadMetrics(const observe::Metrics& metrics)
      : batches_(metrics.AddCounters({.name = "lotura_read_batches_total",
                                      .help = "Round trips that single reads share.",
                                      .labels = {"stage"}})),
        reads_(metrics.AddCounters({.name = "lotura_read_records_total",
                                    .help = "Single reads in them.",
                                    .labels = {"stage"}})),
        cache_{batches_.With({"cache"}), reads_.With({"cache"})},
        store_{batches_.With({"store"}), reads_.With({"store"})} {}

  void Count(const resource::RecordReads::Batch& batch) const {
    const Counts& counts = batch.stage == resource::RecordReads::Stage::kCache ? cache_ : store_;
    counts.batches.Add();
    counts.reads.Add(static_cast<double>(batch.reads));
  }

 private:
  struct Counts {
    observe::Counter batches;
    observe::Counter reads;
  };

  const observe::CounterFamily batches_;
  const observe::CounterFamily reads_;
  const Counts cache_;
  const Counts store_;
};

}  // namespace lotura::host
