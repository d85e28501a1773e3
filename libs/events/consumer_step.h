// Consumes events: one pass at a time, so that a thread or a simulation can drive it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/events/bus.h"
#include "libs/events/flight.h"
#include "libs/events/inbox.h"
#include "libs/events/metrics.h"
#include "libs/observe/log.h"

namespace lotura::events {

struct ConsumerOptions {
  // The group, and the name of the metrics: "communications.timeline".
  std::string name;
  std::vector<std::string> topics;
  // See Subscription.
  std::string instance;
  std::size_t batch = 500;
  // How often the broker is told what was handled. What was not told when a process dies or
  // partitions change hands comes again, and the inbox knows it.
  std::chrono::milliseconds commit_interval{200};
  // How long a pass waits for records.
  std::chrono::milliseconds wait{100};
  // Pauses after a failure double from the first to the second.
  std::chrono::milliseconds retry_min{100};
  std::chrono::milliseconds retry_max{10'000};
  std::chrono::milliseconds lag_interval{5'000};
  // How often dead letters are looked for that others made: a retry that failed.
  std::chrono::milliseconds letters_interval{30'000};
  // Within it one batch gets its connection, and is repeated; each of its statements is bounded by
  // the database. A batch that takes longer is tried again in smaller parts.
  std::chrono::milliseconds apply{10'000};
  // Of the dead-letter topics that it creates when it needs one.
  std::int32_t replicas = 1;
  std::int32_t replicas_in_sync = 1;
  std::chrono::hours retention{24 * 30};
};

// "lotura.sales.v1.communications.timeline.dlq".
std::string DeadLetterTopicOf(const std::string& topic, const std::string& consumer);

// Polls a batch and applies it before it polls again: when partitions change hands, nothing is in
// flight. Many small batches share a commit of offsets. A failure that may pass is tried again,
// with growing pauses, for ever: nothing is skipped. Used by one thread.
class ConsumerStep {
 public:
  ConsumerStep(ConsumerOptions options, Bus& bus, Inbox& inbox, const Clock& clock,
               const observe::Metrics& metrics, const observe::Log& log);
  ~ConsumerStep();
  ConsumerStep(const ConsumerStep&) = delete;
  ConsumerStep& operator=(const ConsumerStep&) = delete;

  // One pass; returns how long to pause.
  std::chrono::microseconds Run();
  // Leaves the group.
  void Stop();

 private:
  // Dead letters on their way to their topic.
  struct Announcement;

  absl::Status Pass(Instant now);
  absl::Status Poll();
  absl::Status ApplyBatch();
  // The first records of the batch are done with.
  void Handled(std::size_t records);
  void CommitOffsets(Instant now);
  absl::Status Announce(Instant now);
  absl::Status BeginAnnouncement();
  // Every pass, also one that failed: a consumer that is stuck is what the figures are for.
  void Measure(Instant now);
  absl::StatusOr<std::int64_t> CountBehind();
  // When the first of the polled events that wait was written.
  [[nodiscard]] std::optional<Instant> OldestWaiting() const;
  // Counts a failure.
  const absl::Status& Count(const absl::Status& status);

  const ConsumerOptions options_;
  Bus& bus_;
  Inbox& inbox_;
  const Clock& clock_;
  const ConsumerMetrics metrics_;
  const observe::Log log_;
  std::unique_ptr<Consumer> consumer_;
  // What was polled and is not done with, and how much of it is applied at once.
  std::vector<ReceivedRecord> batch_;
  std::size_t part_;
  // Where the group starts, by topic and partition, and the broker does not know yet.
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> next_;
  Instant committed_at_;
  std::optional<Instant> last_handled_;
  std::unique_ptr<Announcement> announcement_;
  // Whether dead letters may wait for their announcement, and when one looks even so.
  bool has_letters_ = false;
  Instant look_at_;
  Instant announce_at_;
  Instant measured_at_;
  // All events from before are handled, as far as is known.
  Instant behind_since_;
  std::chrono::milliseconds retry_{0};
  Instant retry_at_;
};

}  // namespace lotura::events
