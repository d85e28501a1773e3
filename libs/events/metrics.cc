#include "libs/events/metrics.h"

#include <vector>

namespace lotura::events {
namespace {

// Fine where it usually lies, far enough for an outage.
std::vector<double> DelayBuckets() {
  return {0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03,
          0.05,  0.1,   0.25,  0.5,   1,      5,    30,    300,  3600};
}

}  // namespace

RelayMetrics::RelayMetrics(const observe::Metrics& metrics)
    : lease_held(metrics.AddGauge({.name = "lotura_relay_lease_held",
                                   .help = "1 in the process that publishes the journal"})),
      oldest_unpublished_seconds(
          metrics.AddGauge({.name = "lotura_journal_oldest_unpublished_seconds",
                            .help = "Age of the oldest entry that the broker has not confirmed"})),
      horizon_age_seconds(metrics.AddGauge(
          {.name = "lotura_journal_horizon_age_seconds",
           .help = "How long the same open transaction has held back what was written after it"})),
      published(metrics.AddCounter(
          {.name = "lotura_relay_published_total", .help = "Entries that the broker confirmed"})),
      delay(metrics.AddHistogram({.name = "lotura_relay_delay_seconds",
                                  .help = "From a write until the broker confirmed its event"},
                                 DelayBuckets())),
      failures(metrics.AddCounters({.name = "lotura_relay_failures_total",
                                    .help = "Steps of the relay that failed, by reason",
                                    .labels = {"reason"}})),
      producers_replaced(metrics.AddCounter(
          {.name = "lotura_relay_producers_replaced_total",
           .help = "Producers that were replaced because a record could not be delivered"})) {}

ConsumerMetrics::ConsumerMetrics(const observe::Metrics& metrics, const std::string& consumer_name)
    : lag_records(metrics
                      .AddGauges({.name = "lotura_consumer_lag_records",
                                  .help = "Records of this process's partitions that are not "
                                          "handled, as the broker last said",
                                  .labels = {"consumer"}})
                      .With({consumer_name})),
      lag_seconds(metrics
                      .AddGauges({.name = "lotura_consumer_lag_seconds",
                                  .help = "Age of the oldest event that waits, 0 if none does; "
                                          "while nobody can tell, the time since somebody could",
                                  .labels = {"consumer"}})
                      .With({consumer_name})),
      handled(metrics
                  .AddCounters({.name = "lotura_consumer_handled_total",
                                .help = "Events whose effect was committed",
                                .labels = {"consumer"}})
                  .With({consumer_name})),
      duplicates(metrics
                     .AddCounters({.name = "lotura_consumer_duplicates_total",
                                   .help = "Events that came again and changed nothing",
                                   .labels = {"consumer"}})
                     .With({consumer_name})),
      dead_letters(metrics
                       .AddCounters({.name = "lotura_consumer_dead_letters_total",
                                     .help = "Events that could not be handled",
                                     .labels = {"consumer"}})
                       .With({consumer_name})),
      parked(metrics
                 .AddGauges({.name = "lotura_consumer_parked_events",
                             .help = "Events that failed or wait behind one that failed",
                             .labels = {"consumer"}})
                 .With({consumer_name})),
      failures(metrics.AddCounters({.name = "lotura_consumer_failures_total",
                                    .help = "Steps of a consumer that failed, by reason",
                                    .labels = {"consumer", "reason"}})),
      consumer(consumer_name) {}

UpkeepMetrics::UpkeepMetrics(const observe::Metrics& metrics)
    : days_ahead(metrics.AddGauges({.name = "lotura_partitions_ahead",
                                    .help = "Partitions that exist from tomorrow on, one a day",
                                    .labels = {"table"}})),
      failures(metrics.AddCounters({.name = "lotura_upkeep_failures_total",
                                    .help = "Steps of the upkeep that failed, by reason",
                                    .labels = {"reason"}})) {}

}  // namespace lotura::events
