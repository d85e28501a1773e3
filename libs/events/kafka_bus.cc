#include "libs/events/kafka_bus.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>

#include "libs/base/errors.h"
#include "libs/events/kafka_consumer.h"
#include "libs/events/kafka_producer.h"

namespace lotura::events {
namespace {

constexpr int kCreateMs = 10'000;

template <auto Destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* object) const {
    Destroy(object);
  }
};
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroyer<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroyer<rd_kafka_event_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;

int Milliseconds(Deadline deadline) {
  return static_cast<int>(std::clamp<std::int64_t>(deadline.Left().count(), 1, kCreateMs));
}

absl::Status NotCreated(const std::string& topic, rd_kafka_resp_err_t code) {
  return Error(absl::StatusCode::kUnavailable, "TOPIC_NOT_CREATED", "the topic was not created",
               {{"topic", topic}, {"kafka_error", rd_kafka_err2name(code)}});
}

NewTopic ToRequest(const TopicSpec& spec, std::size_t record_bytes) {
  NewTopic topic(
      rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replicas, nullptr, 0));
  if (topic == nullptr) return nullptr;
  const auto set = [&](const char* name, std::int64_t value) {
    rd_kafka_NewTopic_set_config(topic.get(), name, std::to_string(value).c_str());
  };
  set("min.insync.replicas", spec.replicas_in_sync);
  set("retention.ms", std::chrono::milliseconds(spec.retention).count());
  set("max.message.bytes", static_cast<std::int64_t>(record_bytes));
  return topic;
}

// OK also if another process created it first.
absl::Status Create(rd_kafka_t* client, const TopicSpec& spec, std::size_t record_bytes,
                    Deadline deadline) {
  const NewTopic request = ToRequest(spec, record_bytes);
  if (request == nullptr) return NotCreated(spec.name, RD_KAFKA_RESP_ERR__INVALID_ARG);
  const Options options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), Milliseconds(deadline), why.data(),
                                            why.size());
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), Milliseconds(deadline), why.data(),
                                              why.size());
  const Queue queue(rd_kafka_queue_new(client));
  std::array<rd_kafka_NewTopic_t*, 1> topics{request.get()};
  rd_kafka_CreateTopics(client, topics.data(), topics.size(), options.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), Milliseconds(deadline)));
  if (event == nullptr) return NotCreated(spec.name, RD_KAFKA_RESP_ERR__TIMED_OUT);
  const rd_kafka_CreateTopics_result_t* result = rd_kafka_event_CreateTopics_result(event.get());
  if (result == nullptr) return NotCreated(spec.name, rd_kafka_event_error(event.get()));
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(result, &count);
  const rd_kafka_resp_err_t code =
      count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
  const bool exists =
      code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
  return exists ? absl::OkStatus() : NotCreated(spec.name, code);
}

// How many partitions the topic has and how many replicas the poorest of them; 0 if there is no
// such topic (yet: a broker learns of a new one a moment after it was created).
struct Shape {
  std::int32_t partitions = 0;
  std::int32_t replicas = 0;
};

absl::StatusOr<Shape> Describe(RdKafka::Producer& client, const std::string& topic,
                               Deadline deadline) {
  RdKafka::Metadata* raw = nullptr;
  // To ask for one topic may create it, in the broker's own shape.
  const RdKafka::ErrorCode code =
      client.metadata(/*all_topics=*/true, nullptr, &raw, Milliseconds(deadline));
  const std::unique_ptr<RdKafka::Metadata> metadata(raw);
  if (code != RdKafka::ERR_NO_ERROR) {
    return Error(absl::StatusCode::kUnavailable, "KAFKA_UNAVAILABLE", "the broker does not answer",
                 {{"kafka_error", RdKafka::err2str(code)}});
  }
  Shape shape;
  for (const RdKafka::TopicMetadata* found : *metadata->topics()) {
    if (found->topic() != topic || found->err() != RdKafka::ERR_NO_ERROR) continue;
    shape.partitions = static_cast<std::int32_t>(found->partitions()->size());
    for (const RdKafka::PartitionMetadata* partition : *found->partitions()) {
      const auto replicas = static_cast<std::int32_t>(partition->replicas()->size());
      shape.replicas = shape.replicas == 0 ? replicas : std::min(shape.replicas, replicas);
    }
  }
  return shape;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Producer>> KafkaBus::NewProducer() {
  return KafkaProducer::Create(options_, log_);
}

absl::StatusOr<std::unique_ptr<Consumer>> KafkaBus::NewConsumer(const Subscription& subscription) {
  return KafkaConsumer::Create(options_, subscription, log_);
}

absl::Status KafkaBus::EnsureTopic(const TopicSpec& spec, Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(const auto conf, NewKafkaConf(options_, {}));
  KafkaEvents events(options_, log_);
  std::string why;
  conf->set("event_cb", &events, why);
  const std::unique_ptr<RdKafka::Producer> client(RdKafka::Producer::create(conf.get(), why));
  if (client == nullptr) return Unavailable("KAFKA_CLIENT", "no client could be made");
  events.Follow(*client);
  bool is_created = false;
  for (;;) {
    LOTURA_ASSIGN_OR_RETURN(const Shape shape, Describe(*client, spec.name, deadline));
    if (shape.partitions == spec.partitions && shape.replicas >= spec.replicas) {
      return absl::OkStatus();
    }
    if (shape.partitions != 0) {
      return FailedPrecondition("TOPIC_MISMATCH",
                                "the topic exists with other partitions or fewer replicas",
                                {{"topic", spec.name},
                                 {"partitions", std::to_string(shape.partitions)},
                                 {"replicas", std::to_string(shape.replicas)}});
    }
    // Only now: whoever only reads a topic need not have the right to create it.
    if (!std::exchange(is_created, true)) {
      LOTURA_RETURN_IF_ERROR(Create(client->c_ptr(), spec, options_.record_bytes, deadline));
      continue;
    }
    if (deadline.Passed()) return NotCreated(spec.name, RD_KAFKA_RESP_ERR__TIMED_OUT);
    client->poll(50);
  }
}

}  // namespace lotura::events
