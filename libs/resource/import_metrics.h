// What an operator sees of the imports of a service.
#pragma once

#include "libs/observe/metrics.h"
#include "lotura/type/v1/import.pb.h"

namespace lotura::resource {

struct ImportMetrics {
  explicit ImportMetrics(const observe::Metrics& metrics);

  // Counts the rows of a chunk that was committed now.
  void Committed(const type::v1::ImportResult& result) const;

  observe::Gauge open;
  observe::Counter created;
  // By why they were refused.
  observe::Counter invalid;
  observe::Counter taken;
  observe::Counter refused;
  // Rows of chunks that were committed before.
  observe::Counter repeated;
  // Rows of dry runs.
  observe::Counter tried;
  // From the moment that a thread took up a chunk until it was committed.
  observe::Histogram chunk_seconds;
};

}  // namespace lotura::resource
