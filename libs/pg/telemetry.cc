#include "libs/pg/telemetry.h"

namespace lotura::pg {
namespace {

using observe::Counter;
using observe::Fields;
using observe::Gauge;
using observe::Log;
using observe::Metrics;

StatementObserver StatementsOf(const Metrics& metrics) {
  const auto seconds =
      metrics.AddHistograms({.name = "lotura_db_statement_seconds",
                             .help = "Time of a statement, by its name",
                             .labels = {"query"}},
                            {.0005, .001, .002, .005, .01, .02, .05, .1, .5, 1, 5});
  const auto failures = metrics.AddCounters({.name = "lotura_db_statement_failures_total",
                                             .help = "Statements that failed, by their name",
                                             .labels = {"query"}});
  return
      [seconds, failures](const char* name, std::chrono::nanoseconds took, absl::StatusCode code) {
        seconds.With({name}).Observe(std::chrono::duration<double>(took).count());
        if (code != absl::StatusCode::kOk) failures.With({name}).Add();
      };
}

std::function<void(const PoolFigures&)> PoolOf(const Metrics& metrics, std::string_view pool) {
  const auto connections = metrics.AddGauges({.name = "lotura_db_connections",
                                              .help = "Open connections, lent or idle",
                                              .labels = {"pool", "state"}});
  const auto waiting = metrics.AddGauges({.name = "lotura_db_waiting_calls",
                                          .help = "Calls that wait for a connection",
                                          .labels = {"pool"}});
  const auto opened = metrics.AddCounters({.name = "lotura_db_connections_opened_total",
                                           .help = "Connections that were opened",
                                           .labels = {"pool"}});
  const auto discarded = metrics.AddCounters({.name = "lotura_db_connections_discarded_total",
                                              .help = "Connections that were thrown away",
                                              .labels = {"pool"}});
  return
      [in_use = connections.With({pool, "in_use"}), idle = connections.With({pool, "idle"}),
       waiting = waiting.With({pool}), opened = opened.With({pool}),
       discarded = discarded.With({pool}), seen = PoolFigures()](const PoolFigures& now) mutable {
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
