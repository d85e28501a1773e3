#include "libs/events/kafka_producer.h"

#include "libs/base/errors.h"

namespace lotura::events {
namespace {

constexpr int kServeMs = 100;
constexpr std::chrono::seconds kCloseBound{5};

absl::Status NotConfirmed(RdKafka::ErrorCode code) {
  return Error(absl::StatusCode::kUnavailable, "NOT_CONFIRMED",
               "the broker did not confirm the record", {{"kafka_error", RdKafka::err2str(code)}});
}

absl::Status Broken() {
  return FailedPrecondition("PRODUCER_BROKEN", "the producer sends nothing any more");
}

KafkaSettings Settings(const KafkaOptions& options) {
  return {
      {"enable.idempotence", "true"},
      // Otherwise the next batch may be on its way before we learn that one was refused.
      {"enable.gapless.guarantee", "true"},
      {"acks", "all"},
      {"max.in.flight.requests.per.connection", "1"},
      {"message.timeout.ms", "0"},
      {"partitioner", "murmur2_random"},
      {"linger.ms", "1"},
      {"compression.type", "lz4"},
      {"message.max.bytes", std::to_string(options.record_bytes)},
      {"queue.buffering.max.messages", std::to_string(options.queued_records)},
      {"queue.buffering.max.kbytes", std::to_string(options.queued_bytes / 1024)},
  };
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Create(const KafkaOptions& options,
                                                                     const observe::Log& log) {
  LOTURA_ASSIGN_OR_RETURN(const auto conf, NewKafkaConf(options, Settings(options)));
  std::unique_ptr<KafkaProducer> made(new KafkaProducer(options, log));
  std::string why;
  conf->set("event_cb", &made->events_, why);
  conf->set("dr_cb", &made->reports_, why);
  made->producer_.reset(RdKafka::Producer::create(conf.get(), why));
  if (made->producer_ == nullptr) return Unavailable("KAFKA_PRODUCER", "no producer could be made");
  made->events_.Follow(*made->producer_);
  made->server_ =
      std::jthread([raw = made.get()](const std::stop_token& stop) { raw->Serve(stop); });
  return made;
}

KafkaProducer::~KafkaProducer() {
  if (producer_ == nullptr) return;
  server_.request_stop();
  server_.join();
  producer_->purge(RdKafka::Producer::PURGE_QUEUE | RdKafka::Producer::PURGE_INFLIGHT);
  const Deadline deadline = Deadline::After(kCloseBound);
  while (producer_->outq_len() > 0 && !deadline.Passed()) producer_->poll(kServeMs);
  producer_.reset();
  for (const Confirm& confirm : std::exchange(expected_, {})) {
    if (confirm) confirm(NotConfirmed(RdKafka::ERR__DESTROY));
  }
}

absl::Status KafkaProducer::Produce(const BusRecord& record, Confirm confirm) {
  std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
  for (const Header& header : record.headers) headers->add(header.name, header.value);
  const std::lock_guard lock(mutex_);
  if (broken_) return Broken();
  const std::uintptr_t ticket = first_ + expected_.size();
  expected_.push_back(std::move(confirm));
  const RdKafka::ErrorCode code = producer_->produce(
      record.topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
      const_cast<char*>(record.value.data()), record.value.size(),  // NOLINT: is copied
      record.key.data(), record.key.size(), 0, headers.get(),
      reinterpret_cast<void*>(ticket));  // NOLINT: an opaque number, never followed
  if (code == RdKafka::ERR_NO_ERROR) {
    headers.release();  // NOLINT(bugprone-unused-return-value): librdkafka owns them by now
    return absl::OkStatus();
  }
  expected_.pop_back();
  if (code == RdKafka::ERR__QUEUE_FULL) {
    return ResourceExhausted("PRODUCER_QUEUE_FULL", "too many records wait to be sent", 10);
  }
  broken_ = true;
  return Broken();
}

void KafkaProducer::Reports::dr_cb(RdKafka::Message& message) {
  const Confirm confirm =
      producer_.Take(reinterpret_cast<std::uintptr_t>(message.msg_opaque()),  // NOLINT: see above
                     message.err());
  confirm(message.err() == RdKafka::ERR_NO_ERROR ? absl::OkStatus() : NotConfirmed(message.err()));
}

Producer::Confirm KafkaProducer::Take(std::uintptr_t ticket, RdKafka::ErrorCode outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome != RdKafka::ERR_NO_ERROR) broken_ = true;
  Confirm taken = std::exchange(expected_[ticket - first_], {});
  for (; !expected_.empty() && !expected_.front(); ++first_) expected_.pop_front();
  return taken;
}

void KafkaProducer::Serve(const std::stop_token& stop) {
  bool purged = false;
  while (!stop.stop_requested()) {
    producer_->poll(kServeMs);
    if (broken_ && !std::exchange(purged, true)) {
      // What follows a record that failed must not be sent.
      producer_->purge(RdKafka::Producer::PURGE_QUEUE | RdKafka::Producer::PURGE_INFLIGHT);
    }
  }
}

}  // namespace lotura::events
