#include "libs/events/consumer_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/errors.h"
#include "libs/crash/point.h"
#include "libs/events/cloud_events.h"

namespace lotura::events {
namespace {

constexpr std::size_t kLettersAtOnce = 100;
constexpr std::chrono::seconds kTopicBound{5};
constexpr char kExpired[] = "EVENTS_EXPIRED";

BusRecord ToLetter(const DeadLetter& letter, const std::string& consumer) {
  const Place& place = letter.received.place;
  BusRecord record = letter.received.record;
  record.topic = DeadLetterTopicOf(place.topic, consumer);
  record.headers.push_back({"dlq_consumer", consumer});
  record.headers.push_back({"dlq_reason", letter.reason});
  record.headers.push_back({"dlq_attempts", std::to_string(letter.attempts)});
  record.headers.push_back({"dlq_time", ToRfc3339(letter.fail_time)});
  record.headers.push_back({"dlq_topic", place.topic});
  record.headers.push_back({"dlq_partition", std::to_string(place.partition)});
  record.headers.push_back({"dlq_offset", std::to_string(place.offset)});
  return record;
}

}  // namespace

std::string DeadLetterTopicOf(const std::string& topic, const std::string& consumer) {
  return fmt::format("{}.{}.dlq", topic, consumer);
}

struct ConsumerStep::Announcement {
  std::vector<DeadLetter> letters;
  std::shared_ptr<Flight> flight;
  std::unique_ptr<Producer> producer;
};

ConsumerStep::ConsumerStep(ConsumerOptions options, Bus& bus, Inbox& inbox, const Clock& clock,
                           const observe::Metrics& metrics, const observe::Log& log)
    : options_(std::move(options)),
      bus_(bus),
      inbox_(inbox),
      clock_(clock),
      metrics_(metrics, options_.name),
      log_(log),
      part_(options_.batch),
      behind_since_(clock.Now()) {}

ConsumerStep::~ConsumerStep() = default;

std::chrono::microseconds ConsumerStep::Run() {
  const Instant now = clock_.Now();
  if (now < retry_at_) return retry_at_ - now;
  const absl::Status status = Pass(now);
  Measure(now);
  if (status.ok()) {
    retry_ = std::chrono::milliseconds(0);
    return std::chrono::microseconds(0);
  }
  Count(status).IgnoreError();
  const std::string reason = ReasonOf(status);
  if (reason == kExpired) {
    log_.Error("events expired before they were read: the consumer waits for a decision",
               {observe::Fields::kConsumer(options_.name), observe::Fields::kReason(reason)});
  } else if (retry_.count() == 0) {
    log_.Warning("the consumer waits",
                 {observe::Fields::kConsumer(options_.name), observe::Fields::kReason(reason)});
  }
  retry_ = reason == kExpired ? options_.retry_max
                              : std::clamp(retry_ * 2, options_.retry_min, options_.retry_max);
  retry_at_ = clock_.Now() + retry_;
  return retry_;
}

void ConsumerStep::Stop() {
  CommitOffsets(clock_.Now());
  announcement_.reset();
  batch_.clear();
  consumer_.reset();
}

absl::Status ConsumerStep::Pass(Instant now) {
  if (now - committed_at_ >= options_.commit_interval) CommitOffsets(now);
  if (batch_.empty()) LOTURA_RETURN_IF_ERROR(Poll());
  if (!batch_.empty()) LOTURA_RETURN_IF_ERROR(ApplyBatch());
  // Does not hold up the events.
  if (now >= announce_at_ && !Count(Announce(now)).ok()) announce_at_ = now + options_.retry_max;
  return absl::OkStatus();
}

const absl::Status& ConsumerStep::Count(const absl::Status& status) {
  if (!status.ok()) metrics_.failures.With({options_.name, ReasonOf(status)}).Add();
  return status;
}

absl::Status ConsumerStep::Poll() {
  if (consumer_ == nullptr) {
    LOTURA_ASSIGN_OR_RETURN(consumer_, bus_.NewConsumer({.group = options_.name,
                                                         .topics = options_.topics,
                                                         .instance = options_.instance}));
  }
  auto records = consumer_->Poll(options_.batch, options_.wait);
  if (!records.ok()) {
    if (absl::IsFailedPrecondition(records.status())) {
      consumer_.reset();
      // The next one begins where the group is.
      next_.clear();
    }
    return records.status();
  }
  batch_ = *std::move(records);
  return absl::OkStatus();
}

absl::Status ConsumerStep::ApplyBatch() {
  const auto part = std::span(batch_).first(std::min(part_, batch_.size()));
  const Applied applied = inbox_.Apply(part, Deadline::After(options_.apply));
  if (applied.status.ok()) {
    part_ = options_.batch;
  } else if (absl::IsDeadlineExceeded(applied.status)) {
    part_ = std::max<std::size_t>(part.size() / 2, 1);
  }
  metrics_.handled.Add(static_cast<double>(applied.handled));
  metrics_.duplicates.Add(static_cast<double>(applied.duplicates));
  metrics_.dead_letters.Add(static_cast<double>(applied.dead));
  if (applied.last.has_value()) last_handled_ = applied.last;
  if (applied.dead > 0) has_letters_ = true;
  if (applied.dead + applied.parked > 0) measured_at_ = Instant();
  Handled(applied.done);
  batch_.erase(batch_.begin(), batch_.begin() + static_cast<std::ptrdiff_t>(applied.done));
  return applied.status;
}

void ConsumerStep::Handled(std::size_t records) {
  if (records == 0) return;
  ForEachNext(std::span(batch_).first(records), [this](const Place& next) {
    next_[{next.topic, next.partition}] = next.offset;
  });
  crash::Point("consumer.applied");
}

void ConsumerStep::CommitOffsets(Instant now) {
  committed_at_ = now;
  if (next_.empty()) return;
  std::vector<Place> places;
  places.reserve(next_.size());
  for (const auto& [partition, offset] : std::exchange(next_, {}))
    places.push_back({partition.first, partition.second, offset});
  // Whoever reads the partition next gets the records again if this fails, and finds them handled;
  // the next commit covers this one.
  Count(consumer_->Commit(places)).IgnoreError();
  crash::Point("consumer.committed");
}

absl::Status ConsumerStep::Announce(Instant now) {
  if (announcement_ == nullptr) {
    if (!has_letters_ && now < look_at_) return absl::OkStatus();
    look_at_ = now + options_.letters_interval;
    return BeginAnnouncement();
  }
  Announcement& announcement = *announcement_;
  if (announcement.flight->failed()) {
    announcement_.reset();
    return Unavailable("DEAD_LETTER_NOT_DELIVERED", "the broker did not take a dead letter");
  }
  if (announcement.flight->confirmed() < announcement.letters.size()) return absl::OkStatus();
  absl::Status marked = inbox_.MarkAnnounced(announcement.letters, Deadline::After(options_.apply));
  announcement_.reset();
  return marked;
}

absl::Status ConsumerStep::BeginAnnouncement() {
  const Deadline deadline = Deadline::After(options_.apply);
  LOTURA_ASSIGN_OR_RETURN(std::vector<DeadLetter> letters,
                          inbox_.Unannounced(kLettersAtOnce, deadline));
  has_letters_ = !letters.empty();
  if (letters.empty()) return absl::OkStatus();
  auto announcement = std::make_unique<Announcement>();
  LOTURA_ASSIGN_OR_RETURN(announcement->producer, bus_.NewProducer());
  std::set<std::string> topics;
  for (const DeadLetter& letter : letters) topics.insert(letter.received.place.topic);
  for (const std::string& topic : topics) {
    LOTURA_RETURN_IF_ERROR(bus_.EnsureTopic({.name = DeadLetterTopicOf(topic, options_.name),
                                             .partitions = 1,
                                             .replicas = options_.replicas,
                                             .replicas_in_sync = options_.replicas_in_sync,
                                             .retention = options_.retention},
                                            Deadline::After(kTopicBound)));
  }
  announcement->flight = std::make_shared<Flight>(letters.size(), [] {});
  for (std::size_t i = 0; i < letters.size(); ++i) {
    LOTURA_RETURN_IF_ERROR(announcement->producer->Produce(
        ToLetter(letters[i], options_.name),
        [flight = announcement->flight, i](const absl::Status& status) {
          flight->Confirm(i, status);
        }));
  }
  announcement->letters = std::move(letters);
  announcement_ = std::move(announcement);
  return absl::OkStatus();
}

void ConsumerStep::Measure(Instant now) {
  if (now - measured_at_ < options_.lag_interval) return;
  measured_at_ = now;
  const auto parked = inbox_.CountParked(Deadline::After(options_.apply));
  if (Count(parked.status()).ok()) metrics_.parked.Set(static_cast<double>(*parked));

  const auto behind = CountBehind();
  if (behind.ok()) metrics_.lag_records.Set(static_cast<double>(*behind));
  if (const auto waiting = OldestWaiting(); waiting.has_value()) {
    behind_since_ = *waiting;
  } else if (behind.ok()) {
    behind_since_ = *behind == 0 ? now : last_handled_.value_or(behind_since_);
  }
  // An event may be dated ahead of our clock.
  const auto lag = std::max(now - behind_since_, Instant::duration(0));
  metrics_.lag_seconds.Set(std::chrono::duration<double>(lag).count());
}

absl::StatusOr<std::int64_t> ConsumerStep::CountBehind() {
  if (consumer_ == nullptr) return Unavailable("NO_CONSUMER", "nothing is read");
  LOTURA_ASSIGN_OR_RETURN(const std::int64_t unread, consumer_->Lag());
  return unread + static_cast<std::int64_t>(batch_.size());
}

std::optional<Instant> ConsumerStep::OldestWaiting() const {
  std::optional<Instant> oldest;
  for (const ReceivedRecord& received : batch_) {
    const auto time = TimeOf(received.record);
    if (time.has_value() && (!oldest.has_value() || *time < *oldest)) oldest = time;
  }
  return oldest;
}

}  // namespace lotura::events
