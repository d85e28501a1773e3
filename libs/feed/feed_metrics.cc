#include "libs/feed/feed_metrics.h"

namespace lotura::feed {

FeedMetrics::FeedMetrics(const observe::Metrics& metrics)
    : subscribers(metrics.AddGauges({.name = "lotura_feed_subscribers",
                                     .help = "Subscribers, by what they wait for",
                                     .labels = {"phase"}})),
      sent(metrics.AddCounter({.name = "lotura_feed_events_sent_total",
                               .help = "Events that were handed to the streams of subscribers"})),
      snapshot_records(metrics.AddCounter(
          {.name = "lotura_feed_snapshot_records_total", .help = "Records that snapshots sent"})),
      heartbeats(metrics.AddCounter(
          {.name = "lotura_feed_heartbeats_total", .help = "Heartbeats to subscribers"})),
      reads(metrics.AddCounters({.name = "lotura_feed_reads_total",
                                 .help = "Reads of the database for subscribers, by what for",
                                 .labels = {"kind"}})),
      ring_events(metrics.AddGauge(
          {.name = "lotura_feed_ring_events", .help = "Events in memory for live subscribers"})),
      ring_bytes(metrics.AddGauge(
          {.name = "lotura_feed_ring_bytes", .help = "What the events in memory take"})),
      lag_seconds(metrics.AddGauge(
          {.name = "lotura_feed_lag_seconds",
           .help = "Age of the oldest event of the last batch when live subscribers got it; while "
                   "the journal cannot be read, the time since it could"})),
      waiting(metrics.AddGauge({.name = "lotura_feed_readers_waiting",
                                .help = "Subscribers that wait for a reader of the past"})),
      failures(metrics.AddCounters({.name = "lotura_feed_failures_total",
                                    .help = "Reads for subscribers that failed, by reason",
                                    .labels = {"reason"}})),
      ended(
          metrics.AddCounters({.name = "lotura_feed_refused_total",
                               .help = "Subscriptions that the service refused or ended, by reason",
                               .labels = {"reason"}})) {}

}  // namespace lotura::feed
