#include "libs/resource/import_metrics.h"

#include <absl/status/status.h>

namespace lotura::resource {
namespace {

observe::Counter RowsOf(const observe::Metrics& metrics, const char* outcome) {
  return metrics
      .AddCounters({.name = "lotura_import_rows_total",
                    .help = "Rows of imports that were answered, by what became of them",
                    .labels = {"outcome"}})
      .With({outcome});
}

}  // namespace

ImportMetrics::ImportMetrics(const observe::Metrics& metrics)
    : open(metrics.AddGauge({.name = "lotura_imports_open", .help = "Imports that are under way"})),
      created(RowsOf(metrics, "created")),
      invalid(RowsOf(metrics, "invalid")),
      taken(RowsOf(metrics, "taken")),
      refused(RowsOf(metrics, "refused")),
      repeated(RowsOf(metrics, "repeated")),
      tried(RowsOf(metrics, "tried")),
      chunk_seconds(metrics.AddHistogram(
          {.name = "lotura_import_chunk_seconds",
           .help = "From the moment that a thread took up a chunk until it was committed"})) {}

void ImportMetrics::Committed(const type::v1::ImportResult& result) const {
  double counts[4] = {};
  for (const auto& row : result.rows()) {
    if (!row.has_error()) {
      ++counts[0];
    } else if (row.error().code() == static_cast<int>(absl::StatusCode::kInvalidArgument)) {
      ++counts[1];
    } else if (row.error().code() == static_cast<int>(absl::StatusCode::kAlreadyExists)) {
      ++counts[2];
    } else {
      ++counts[3];
    }
  }
  created.Add(counts[0]);
  invalid.Add(counts[1]);
  taken.Add(counts[2]);
  refused.Add(counts[3]);
}

}  // namespace lotura::resource
