#include "libs/host/statement_metrics.h"

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace lotura::host {
namespace {

struct Series {
  observe::Histogram seconds;
  observe::Counter failures;
};

// Thread-safe. As many series as the program has names of statements.
class SeriesByName {
 public:
  explicit SeriesByName(const observe::Metrics& metrics)
      : seconds_(metrics.AddHistograms({.name = "lotura_db_statement_seconds",
                                        .help = "Time of a statement, by its name",
                                        .labels = {"query"}},
                                       {.0005, .001, .002, .005, .01, .02, .05, .1, .5, 1, 5})),
        failures_(metrics.AddCounters({.name = "lotura_db_statement_failures_total",
                                       .help = "Statements that failed, by their name",
                                       .labels = {"query"}})) {}

  Series Of(std::string_view name) {
    {
      const std::shared_lock lock(mutex_);
      const auto known = series_.find(name);
      if (known != series_.end()) return known->second;
    }
    const std::string label(name);
    const Series made{seconds_.With({label}), failures_.With({label})};
    const std::lock_guard lock(mutex_);
    return series_.emplace(label, made).first->second;
  }

 private:
  const observe::HistogramFamily seconds_;
  const observe::CounterFamily failures_;
  std::shared_mutex mutex_;  // guards series_
  std::map<std::string, Series, std::less<>> series_;
};

}  // namespace

pg::StatementObserver StatementMetrics(const observe::Metrics& metrics) {
  return [series = std::make_shared<SeriesByName>(metrics)](
             const char* name, std::chrono::nanoseconds took, absl::StatusCode code) {
    const Series of_name = series->Of(name);
    of_name.seconds.Observe(std::chrono::duration<double>(took).count());
    if (code != absl::StatusCode::kOk) of_name.failures.Add();
  };
}

}  // namespace lotura::host
