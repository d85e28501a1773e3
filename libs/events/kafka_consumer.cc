#include "libs/events/kafka_consumer.h"

#include <librdkafka/rdkafka.h>

#include "libs/base/errors.h"

namespace lotura::events {
namespace {

constexpr int kAskMs = 1000;
constexpr std::chrono::seconds kCloseBound{5};
// A Poll ends here even if more is waiting, so that a batch of large records stays bounded.
constexpr std::size_t kPollBytes = 8 << 20;

KafkaSettings Settings(const KafkaOptions& options, const Subscription& subscription) {
  KafkaSettings settings = {
      {"group.id", subscription.group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      // Records that expired before they were read are not to be skipped without a word.
      {"auto.offset.reset", "error"},
      {"allow.auto.create.topics", "false"},
      // Otherwise bytes that changed on their way are believed.
      {"check.crcs", "true"},
      // Cooperative assignors hang or crash in librdkafka 2.0.2.
      {"partition.assignment.strategy", "range"},
      {"session.timeout.ms", std::to_string(options.session.count())},
      {"heartbeat.interval.ms",
       std::to_string(std::max<std::int64_t>(options.session.count() / 15, 100))},
      {"fetch.wait.max.ms", "100"},
      {"fetch.message.max.bytes", std::to_string(1 << 20)},
      {"fetch.max.bytes", std::to_string(options.record_bytes)},
      {"receive.message.max.bytes", std::to_string(options.record_bytes * 2)},
      {"queued.min.messages", "1000"},
      {"queued.max.messages.kbytes", std::to_string(options.fetched_bytes / 1024)},
      // A topic that is created later is noticed soon.
      {"topic.metadata.refresh.interval.ms", "5000"},
  };
  if (!subscription.instance.empty())
    settings.emplace_back("group.instance.id", subscription.instance);
  return settings;
}

// Owns the partitions of a call of librdkafka.
class Partitions {
 public:
  Partitions() = default;
  ~Partitions() { RdKafka::TopicPartition::destroy(list_); }
  Partitions(const Partitions&) = delete;
  Partitions& operator=(const Partitions&) = delete;

  void Add(const std::string& topic, std::int32_t partition, std::int64_t offset) {
    list_.push_back(RdKafka::TopicPartition::create(topic, partition, offset));
  }
  std::vector<RdKafka::TopicPartition*>& list() { return list_; }

 private:
  std::vector<RdKafka::TopicPartition*> list_;
};

// librdkafka's C++ headers would copy each of them several times.
std::vector<Header> HeadersOf(rd_kafka_message_t* message) {
  std::vector<Header> headers;
  rd_kafka_headers_t* raw = nullptr;
  if (rd_kafka_message_headers(message, &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  headers.reserve(rd_kafka_header_cnt(raw));
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (rd_kafka_header_get_all(raw, headers.size(), &name, &value, &size) ==
         RD_KAFKA_RESP_ERR_NO_ERROR) {
    headers.push_back({name, value == nullptr
                                 ? std::string()
                                 : std::string(static_cast<const char*>(value), size)});
  }
  return headers;
}

ReceivedRecord ToRecord(RdKafka::Message& message) {
  ReceivedRecord received;
  received.record.topic = message.topic_name();
  if (message.key_pointer() != nullptr) {
    received.record.key.assign(static_cast<const char*>(message.key_pointer()), message.key_len());
  }
  received.record.headers = HeadersOf(message.c_ptr());
  if (message.payload() != nullptr) {
    received.record.value.assign(static_cast<const char*>(message.payload()), message.len());
  }
  received.place = {received.record.topic, message.partition(), message.offset()};
  return received;
}

// Says of an error after which this consumer never reads again what it is. Others pass: librdkafka
// reconnects, rejoins or waits for the topic by itself.
absl::Status FinalError(const RdKafka::Message& message) {
  switch (message.err()) {
    case RdKafka::ERR__FATAL:
    case RdKafka::ERR_FENCED_INSTANCE_ID:
    case RdKafka::ERR__DESTROY:
    // librdkafka goes on behind records that it cannot read. A new consumer reads them once more.
    case RdKafka::ERR__BAD_MSG:
    case RdKafka::ERR__BAD_COMPRESSION:
      return FailedPrecondition("CONSUMER_BROKEN", "the consumer reads nothing any more",
                                {{"kafka_error", RdKafka::err2str(message.err())}});
    case RdKafka::ERR__AUTO_OFFSET_RESET:
      return FailedPrecondition(
          "EVENTS_EXPIRED", "the topic no longer has what comes next",
          {{"topic", message.topic_name()}, {"partition", std::to_string(message.partition())}});
    default:
      return absl::OkStatus();
  }
}

absl::Status PartitionLost() {
  return Aborted("PARTITION_LOST", "another member of the group reads the partition");
}

absl::Status NotCommitted(RdKafka::ErrorCode code) {
  switch (code) {
    case RdKafka::ERR_ILLEGAL_GENERATION:
    case RdKafka::ERR_UNKNOWN_MEMBER_ID:
    case RdKafka::ERR_REBALANCE_IN_PROGRESS:
    case RdKafka::ERR_FENCED_INSTANCE_ID:
      return PartitionLost();
    default:
      return Error(absl::StatusCode::kUnavailable, "NOT_COMMITTED", "the broker took no offsets",
                   {{"kafka_error", RdKafka::err2str(code)}});
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaConsumer>> KafkaConsumer::Create(
    const KafkaOptions& options, const Subscription& subscription, const observe::Log& log) {
  LOTURA_ASSIGN_OR_RETURN(const auto conf, NewKafkaConf(options, Settings(options, subscription)));
  std::unique_ptr<KafkaConsumer> made(new KafkaConsumer(options, log));
  std::string why;
  conf->set("event_cb", &made->events_, why);
  conf->set("rebalance_cb", &made->rebalance_, why);
  conf->set("offset_commit_cb", &made->answers_, why);
  made->consumer_.reset(RdKafka::KafkaConsumer::create(conf.get(), why));
  if (made->consumer_ == nullptr) return Unavailable("KAFKA_CONSUMER", "no consumer could be made");
  made->events_.Follow(*made->consumer_);
  if (made->consumer_->subscribe(subscription.topics) != RdKafka::ERR_NO_ERROR)
    return Unavailable("KAFKA_CONSUMER", "no consumer could be made");
  return made;
}

KafkaConsumer::~KafkaConsumer() {
  if (consumer_ == nullptr) return;
  // close() without a queue may wait for ever for a broker that is gone.
  std::unique_ptr<RdKafka::Queue> queue(RdKafka::Queue::create(consumer_.get()));
  std::unique_ptr<RdKafka::Error> error(consumer_->close(queue.get()));
  const Deadline deadline = Deadline::After(kCloseBound);
  while (error == nullptr && !consumer_->closed() && !deadline.Passed()) {
    const std::unique_ptr<RdKafka::Message> ignored(queue->consume(kAskMs / 10));
  }
  queue.reset();
}

absl::StatusOr<std::vector<ReceivedRecord>> KafkaConsumer::Poll(std::size_t limit,
                                                                std::chrono::milliseconds wait) {
  const Deadline deadline = Deadline::After(wait);
  std::vector<ReceivedRecord> records;
  std::size_t bytes = 0;
  while (broken_.ok() && records.size() < limit && bytes < kPollBytes) {
    const auto left = records.empty() ? deadline.Left() : std::chrono::milliseconds(0);
    const std::unique_ptr<RdKafka::Message> message(
        consumer_->consume(static_cast<int>(left.count())));
    // What was read before the partitions were dealt anew comes again, to us or to another member.
    if (std::exchange(rebalanced_, false)) records.clear();
    if (message->err() == RdKafka::ERR_NO_ERROR) {
      records.push_back(ToRecord(*message));
      bytes += records.back().record.value.size();
    } else if (const absl::Status final = FinalError(*message); !final.ok()) {
      broken_ = final;
    } else if (message->err() == RdKafka::ERR__TIMED_OUT || deadline.Passed()) {
      break;
    }
  }
  if (!broken_.ok()) return broken_;
  ForEachNext(records, [this](const Place& next) {
    positions_[{next.topic, next.partition}] = next.offset;
  });
  return records;
}

absl::Status KafkaConsumer::Commit(std::span<const Place> next) {
  Partitions partitions;
  for (const Place& place : next) {
    if (!positions_.contains({place.topic, place.partition})) return PartitionLost();
    partitions.Add(place.topic, place.partition, place.offset);
  }
  if (next.empty()) return absl::OkStatus();
  const RdKafka::ErrorCode code = consumer_->commitAsync(partitions.list());
  return code == RdKafka::ERR_NO_ERROR ? answers_.Take() : NotCommitted(code);
}

absl::StatusOr<std::int64_t> KafkaConsumer::Lag() {
  if (!is_assigned_) return Unavailable("NOT_ASSIGNED", "the group has not dealt the partitions");
  // Where each partition ends, in one request to its broker: it answers only after what it is
  // asked to fetch, and nothing is handled meanwhile.
  Partitions ends;
  for (const auto& [key, position] : positions_)
    ends.Add(key.first, key.second, RdKafka::Topic::OFFSET_END);
  if (positions_.empty()) return 0;
  const RdKafka::ErrorCode answered = consumer_->offsetsForTimes(ends.list(), kAskMs);
  std::int64_t lag = 0;
  for (const RdKafka::TopicPartition* end : ends.list()) {
    if (answered != RdKafka::ERR_NO_ERROR || end->err() != RdKafka::ERR_NO_ERROR)
      return Unavailable("KAFKA_UNAVAILABLE", "the broker does not answer");
    // A group that begins counts what has expired, too, until its first record came.
    lag +=
        end->offset() - std::max<std::int64_t>(positions_.at({end->topic(), end->partition()}), 0);
  }
  return lag;
}

// Called inside of Poll and of the destructor.
void KafkaConsumer::Answers::offset_commit_cb(RdKafka::ErrorCode code,
                                              std::vector<RdKafka::TopicPartition*>&) {
  if (code != RdKafka::ERR_NO_ERROR) failed_ = NotCommitted(code);
}

void KafkaConsumer::Rebalance::rebalance_cb(RdKafka::KafkaConsumer* consumer,
                                            RdKafka::ErrorCode code,
                                            std::vector<RdKafka::TopicPartition*>& partitions) {
  // Called inside of Poll, when all that an earlier one returned has been handled and committed.
  owner_.rebalanced_ = true;
  owner_.positions_.clear();
  owner_.is_assigned_ = code == RdKafka::ERR__ASSIGN_PARTITIONS;
  if (owner_.is_assigned_) {
    Assign(*consumer, partitions);
  } else {
    consumer->unassign();
  }
}

void KafkaConsumer::Rebalance::Assign(RdKafka::KafkaConsumer& consumer,
                                      std::vector<RdKafka::TopicPartition*>& partitions) {
  bool is_known = consumer.committed(partitions, kAskMs * 5) == RdKafka::ERR_NO_ERROR;
  for (RdKafka::TopicPartition* partition : partitions) {
    is_known = is_known && partition->err() == RdKafka::ERR_NO_ERROR;
    if (partition->offset() < 0) partition->set_offset(RdKafka::Topic::OFFSET_BEGINNING);
    owner_.positions_[{partition->topic(), partition->partition()}] = partition->offset();
  }
  if (is_known) {
    consumer.assign(partitions);
    return;
  }
  consumer.unassign();
  owner_.broken_ = FailedPrecondition("CONSUMER_BROKEN", "the broker told no offsets");
}

}  // namespace lotura::events
