// The contract of a bus, kept by Kafka.
#include "libs/events/kafka_bus.h"

#include <librdkafka/rdkafka.h>

#include <latch>
#include <random>

#include "libs/events/kafka_config.h"
#include "libs/testing/bus_contract.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/kafka.h"

namespace lotura::events {

class KafkaBackend {
 public:
  Bus& bus() { return bus_; }
  void Stop() { testing::Kafka().Stop(); }
  void Start() { testing::Kafka().Start(); }
  void Expire(const Place& first) {
    const auto conf = NewKafkaConf({.brokers = testing::Kafka().address()}, {}).value();
    std::string why;
    const std::unique_ptr<RdKafka::Producer> client(RdKafka::Producer::create(conf.get(), why));
    rd_kafka_t* const raw = client->c_ptr();
    auto* const places = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(places, first.topic.c_str(), first.partition)->offset =
        first.offset;
    rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(places);
    rd_kafka_queue_t* const queue = rd_kafka_queue_new(raw);
    rd_kafka_DeleteRecords(raw, &request, 1, nullptr, queue);
    rd_kafka_event_t* const event = rd_kafka_queue_poll(queue, 30'000);
    EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(places);
  }
  [[nodiscard]] std::size_t TooLarge() const { return kRecordBytes + 1; }

 private:
  static constexpr std::size_t kRecordBytes = 2 << 20;

  observe::Metrics metrics_{"test"};
  observe::Log log_{{.service = "test"}, metrics_};
  KafkaBus bus_{
      {.brokers = testing::Kafka().address(), .queued_records = 2000, .record_bytes = kRecordBytes},
      log_};
};

namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;

class KafkaBusTest : public ::testing::Test {
 protected:
  KafkaBus NewBus(std::size_t record_bytes = 1 << 20) const {
    return KafkaBus(
        {.brokers = testing::Kafka().address(), .client_id = "test", .record_bytes = record_bytes},
        log_);
  }

  observe::Metrics metrics_{"test"};
  observe::Log log_{{.service = "test", .level = observe::Level::kError}, metrics_};
};

TEST_F(KafkaBusTest, TopicThatExistsIsNotCreated) {
  KafkaBus bus = NewBus();
  ASSERT_THAT(bus.EnsureTopic({.name = "bus.exists"}, AMinute()), IsOk());

  // No topic can be created with so many replicas.
  EXPECT_THAT(bus.EnsureTopic({.name = "bus.exists", .replicas = -2}, AMinute()), IsOk());
}

// As large as it says also when it was compressed.
std::string Noise(std::size_t size) {
  std::mt19937_64 random(1);
  std::string noise(size, ' ');
  for (char& letter : noise) letter = static_cast<char>(random());
  return noise;
}

TEST_F(KafkaBusTest, NothingFollowsARecordThatTheBrokerRefuses) {
  const std::string topic = "bus.narrow";
  ASSERT_THAT(NewBus(500'000).EnsureTopic({.name = topic, .partitions = 1}, AMinute()), IsOk());
  KafkaBus bus = NewBus(2 << 20);
  const auto consumer = bus.NewConsumer({.group = topic, .topics = {topic}}).value();
  std::latch looked(1);
  const auto producer = bus.NewProducer().value();

  // The broker holds a producer to its sequence once it knows it.
  std::atomic<bool> is_known = false;
  ASSERT_THAT(producer->Produce({.topic = topic, .key = "k", .value = "first"},
                                [&](const absl::Status& status) { is_known = status.ok(); }),
              IsOk());
  ASSERT_TRUE(Eventually([&] { return is_known.load(); }, std::chrono::seconds(30)));

  // The producer learns of the refusal late, while librdkafka could go on with the second record,
  // which is too large to go along with the first.
  const auto refused = [&](const absl::Status& status) {
    EXPECT_FALSE(status.ok());
    looked.wait();
  };
  ASSERT_THAT(producer->Produce({.topic = topic, .key = "k", .value = Noise(900'000)}, refused),
              IsOk());
  ASSERT_THAT(producer->Produce({.topic = topic, .key = "k", .value = Noise(300'000)},
                                [](const absl::Status& status) { EXPECT_FALSE(status.ok()); }),
              IsOk());

  std::size_t read = 0;
  EXPECT_FALSE(Eventually(
      [&] {
        read += consumer->Poll(1, std::chrono::milliseconds(100)).value().size();
        return read > 1;
      },
      std::chrono::seconds(6)));
  EXPECT_EQ(read, 1);
  looked.count_down();
}

}  // namespace
}  // namespace lotura::events

namespace lotura::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, BusContract, events::KafkaBackend);

}  // namespace lotura::testing
