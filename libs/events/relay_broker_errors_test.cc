// The relay before brokers that err: librdkafka's own, in this process, which do as they are told.
// `tools/dev trial R6` runs it for longer: it sets LOTURA_TRIAL_SECONDS and LOTURA_TRIAL_SEED.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdlib>
#include <random>

#include "libs/events/cloud_events.h"
#include "libs/events/kafka_bus.h"
#include "libs/events/memory_journal.h"
#include "libs/events/relay_step.h"
#include "libs/events/step_thread.h"
#include "libs/testing/journal_contract.h"

namespace lotura::events {
namespace {

using ::lotura::testing::EntryOf;
using ::lotura::testing::Eventually;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

constexpr int kBrokers = 3;
constexpr int kPartitions = 4;
constexpr int kRecords = 50;
constexpr int kErrorsInARow = 3;
constexpr std::int16_t kProduceRequest = 0;
constexpr milliseconds kBetweenErrors{150};
constexpr milliseconds kBetweenWrites{2};
const char* const kTopic = "lotura.sales.v1";

int Setting(const char* name, int otherwise) {
  const char* given = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return given == nullptr ? otherwise : std::atoi(given);
}

// Brokers in this process, and the handle that they belong to.
class MockCluster {
 public:
  MockCluster() {
    std::array<char, 256> why{};
    handle_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why.data(), why.size()));
    cluster_.reset(rd_kafka_mock_cluster_new(handle_.get(), kBrokers));
    rd_kafka_mock_topic_create(cluster_.get(), kTopic, kPartitions, kBrokers);
  }
  [[nodiscard]] std::string brokers() const {
    return rd_kafka_mock_cluster_bootstraps(cluster_.get());
  }
  // What the next requests to produce are answered with.
  void Answer(std::vector<rd_kafka_resp_err_t> errors) {
    rd_kafka_mock_push_request_errors_array(cluster_.get(), kProduceRequest, errors.size(),
                                            errors.data());
  }
  void SetDown(int broker) { rd_kafka_mock_broker_set_down(cluster_.get(), broker); }
  void SetUp(int broker) { rd_kafka_mock_broker_set_up(cluster_.get(), broker); }
  void Calm() {
    rd_kafka_mock_clear_request_errors(cluster_.get(), kProduceRequest);
    for (int broker = 1; broker <= kBrokers; ++broker) SetUp(broker);
  }

 private:
  struct Destroy {
    void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
    void operator()(rd_kafka_mock_cluster_t* cluster) const {
      rd_kafka_mock_cluster_destroy(cluster);
    }
  };
  std::unique_ptr<rd_kafka_t, Destroy> handle_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroy> cluster_;
};

struct Verdict {
  std::size_t committed = 0;
  std::size_t missing = 0;
  std::size_t repeated = 0;
  std::size_t out_of_order = 0;
  int replaced = 0;
};

class RelayBrokerErrors : public ::testing::Test {
 protected:
  using Nemesis = std::function<void(std::mt19937&)>;

  // Writes for the span, while the nemesis is called again and again; then lets the relay finish.
  Verdict Run(const Nemesis& nemesis) {
    KafkaBus bus({.brokers = cluster_.brokers()}, log_);
    RelayStep step({.service = "sales", .holder = ids_.Next()}, {journal_, bus, clock_}, metrics_,
                   log_, [] {});
    StepThread relay({.name = "relay", .spacing = milliseconds(1)}, metrics_, log_, [&] {
      return std::min<std::chrono::microseconds>(step.Run(), milliseconds(5));
    });
    relay.Start();
    std::mt19937 random(static_cast<unsigned>(Setting("LOTURA_TRIAL_SEED", 0)));
    const Deadline end = Deadline::After(seconds(Setting("LOTURA_TRIAL_SECONDS", 2)));
    {
      const std::jthread writer([&] { WriteUntil(end); });
      while (!end.Passed()) {
        nemesis(random);
        Eventually([&] { return end.Passed(); }, kBetweenErrors);
      }
    }
    cluster_.Calm();
    const std::vector<Event> delivered = Delivered(bus);
    relay.Stop();
    return Judge(delivered);
  }

  void Answer(std::mt19937& random, const std::vector<rd_kafka_resp_err_t>& choices) {
    std::vector<rd_kafka_resp_err_t> errors(1 + random() % kErrorsInARow);
    for (auto& error : errors) error = choices[random() % choices.size()];
    cluster_.Answer(errors);
  }

  MockCluster cluster_;

 private:
  void WriteUntil(Deadline end) {
    for (int turn = 0; !end.Passed(); ++turn) {
      const std::string name = fmt::format("r{}", turn % kRecords);
      journal_.Append({EntryOf(ids_, name, ++versions_[name])});
      ++committed_;
      Eventually([&] { return end.Passed(); }, kBetweenWrites);
    }
  }

  std::vector<Event> Delivered(Bus& bus) {
    const auto consumer = bus.NewConsumer({.group = "checker", .topics = {kTopic}}).value();
    std::vector<Event> events;
    std::set<std::string> seen;
    const Deadline deadline = Deadline::After(seconds(60));
    while (seen.size() < committed_ && !deadline.Passed()) {
      auto records = consumer->Poll(1000, milliseconds(100));
      if (!records.ok()) continue;
      for (const ReceivedRecord& received : *records) {
        events.push_back(FromBusRecord(received.record).value());
        seen.insert(events.back().id.ToString());
      }
    }
    return events;
  }

  Verdict Judge(const std::vector<Event>& delivered) {
    Verdict verdict{.committed = committed_};
    std::set<std::string> seen;
    std::map<std::string, std::int64_t> versions;
    for (const Event& event : delivered) {
      if (!seen.insert(event.id.ToString()).second) {
        ++verdict.repeated;
        continue;
      }
      if (event.version() != ++versions[event.subject]) ++verdict.out_of_order;
    }
    verdict.missing = committed_ - seen.size();
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\nlotura_relay_producers_replaced_total{");
    if (at != std::string::npos) verdict.replaced = std::stoi(text.substr(text.find(' ', at + 1)));
    RecordProperty("committed", static_cast<int>(verdict.committed));
    RecordProperty("missing", static_cast<int>(verdict.missing));
    RecordProperty("repeated", static_cast<int>(verdict.repeated));
    RecordProperty("out_of_order", static_cast<int>(verdict.out_of_order));
    RecordProperty("replaced", verdict.replaced);
    return verdict;
  }

  SystemClock clock_;
  RandomIds ids_{clock_};
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  MemoryJournal journal_{clock_};
  // Of the writer, until it has ended.
  std::map<std::string, std::int64_t> versions_;
  std::size_t committed_ = 0;
};

TEST_F(RelayBrokerErrors, ErrorsThatPassCostNoProducerAndRepeatNothing) {
  const Verdict verdict = Run([&](std::mt19937& random) {
    Answer(random,
           {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR__TRANSPORT});
  });

  EXPECT_GT(verdict.committed, 100U);
  EXPECT_EQ(verdict.missing, 0U);
  EXPECT_EQ(verdict.out_of_order, 0U);
  EXPECT_EQ(verdict.replaced, 0);
  EXPECT_EQ(verdict.repeated, 0U);
}

TEST_F(RelayBrokerErrors, FatalErrorsCostTheProducerAndLoseNothing) {
  const Verdict verdict = Run([&](std::mt19937& random) {
    Answer(random,
           {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  });

  EXPECT_GT(verdict.committed, 100U);
  EXPECT_EQ(verdict.missing, 0U);
  EXPECT_EQ(verdict.out_of_order, 0U);
  EXPECT_GT(verdict.replaced, 0);
}

TEST_F(RelayBrokerErrors, BrokersThatComeAndGoLoseNothing) {
  int down = 0;

  const Verdict verdict = Run([&](std::mt19937& random) {
    if (down > 0) cluster_.SetUp(down);
    down = 1 + static_cast<int>(random() % kBrokers);
    cluster_.SetDown(down);
  });

  EXPECT_GT(verdict.committed, 100U);
  EXPECT_EQ(verdict.missing, 0U);
  EXPECT_EQ(verdict.out_of_order, 0U);
}

}  // namespace
}  // namespace lotura::events
