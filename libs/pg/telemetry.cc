#include "libs/pg/telemetry.h"

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace lotura::pg {
namespace {

using observe::Counter;
using observe::Fields;
using observe::Histogram;
using observe::Log;
using observe::Metrics;

struct Series {
  Histogram seconds;
  Counter failures;
};

// Thread-safe. As many series as the program has names of statements.
class SeriesByName {
 public:
  explicit SeriesByName(const Metrics& metrics)
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

StatementObserver StatementsOf(const Metrics& metrics) {
  return [series = std::make_shared<SeriesByName>(metrics)](
             const char* name, std::chrono::nanoseconds took, absl::StatusCode code) {
    const Series of_name = series->Of(name);
    of_name.seconds.Observe(std::chrono::duration<double>(took).count());
    if (code != absl::StatusCode::kOk) of_name.failures.Add();
  };
}

std::function<void(const PoolFigures&)> PoolOf(const Metrics& metrics, std::string_view pool) {
  const auto connections = metrics.AddGauges({.name = "lotura_db_connections",
                                              .help = "Open connections, lent or idle",
                                              .labels = {"pool", "state"}});
  const auto size = metrics.AddGauges({.name = "lotura_db_connections_max",
                                       .help = "Most connections that there may be",
                                       .labels = {"pool"}});
  const auto waiting = metrics.AddGauges({.name = "lotura_db_waiting_calls",
                                          .help = "Calls that wait for a connection",
                                          .labels = {"pool"}});
  const auto opened = metrics.AddCounters({.name = "lotura_db_connections_opened_total",
                                           .help = "Connections that were opened",
                                           .labels = {"pool"}});
  const auto discarded = metrics.AddCounters({.name = "lotura_db_connections_discarded_total",
                                              .help = "Connections that were thrown away",
                                              .labels = {"pool"}});
  return [size = size.With({pool}), in_use = connections.With({pool, "in_use"}),
          idle = connections.With({pool, "idle"}), waiting = waiting.With({pool}),
          opened = opened.With({pool}), discarded = discarded.With({pool}),
          seen = PoolFigures()](const PoolFigures& now) mutable {
    size.Set(static_cast<double>(now.size));
    in_use.Set(static_cast<double>(now.in_use));
    idle.Set(static_cast<double>(now.idle));
    waiting.Set(static_cast<double>(now.waiting));
    opened.Add(static_cast<double>(now.opened - seen.opened));
    discarded.Add(static_cast<double>(now.discarded - seen.discarded));
    seen = now;
  };
}

}  // namespace

Observers ObserversOf(const Metrics& metrics, const Log& log, std::string_view pool) {
  return {.statement = StatementsOf(metrics),
          .alarm =
              [log](const char* name, const absl::Status& failure) {
                const ErrorInfo info = InfoOf(failure);
                const auto state = info.metadata.find("sqlstate");
                log.Error("a statement failed and nobody who called is to blame",
                          {Fields::kReason(info.reason), Fields::kQuery(name),
                           Fields::kCode(state == info.metadata.end() ? "" : state->second)});
              },
          .pool = PoolOf(metrics, pool)};
}

}  // namespace lotura::pg
