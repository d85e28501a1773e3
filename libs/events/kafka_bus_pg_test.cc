// The contract of a bus, kept by Kafka.
#include "libs/events/kafka_bus.h"

#include "libs/testing/bus_contract.h"
#include "libs/testing/kafka.h"

namespace lotura::events {

class KafkaBackend {
 public:
  Bus& bus() { return bus_; }
  void Stop() { testing::Kafka().Stop(); }
  void Start() { testing::Kafka().Start(); }
  [[nodiscard]] std::size_t TooLarge() const { return kRecordBytes + 1; }

 private:
  static constexpr std::size_t kRecordBytes = 2 << 20;

  observe::Metrics metrics_{"test"};
  observe::Log log_{{.service = "test"}, metrics_};
  KafkaBus bus_{
      {.brokers = testing::Kafka().address(), .queued_records = 2000, .record_bytes = kRecordBytes},
      log_};
};

}  // namespace lotura::events

namespace lotura::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, BusContract, events::KafkaBackend);

}  // namespace lotura::testing
