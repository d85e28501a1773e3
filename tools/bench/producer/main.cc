// lotura-bench-producer: sends the messages of a topic to another one, again and again, by
// librdkafka alone, and prints one JSON object that says how fast they were confirmed, and how fast
// a consumer had them.
#include <fmt/format.h>
#include <librdkafka/rdkafkacpp.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/errors.h"
#include "libs/base/options.h"
#include "libs/events/kafka_bus.h"
#include "tools/bench/load/arrivals.h"
#include "tools/bench/load/latencies.h"
#include "tools/bench/program.h"

namespace lotura::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 100;
constexpr std::chrono::seconds kReadBound{30};
constexpr std::chrono::seconds kFlushBound{30};
// Header that tells the consumer when a message should have been sent.
constexpr char kIntendedHeader[] = "bench_intended_ns";

struct Settings {
  std::string brokers;
  std::string like;
  std::string topic;
  std::int64_t samples = 1'000;
  std::int64_t rate = 0;
  std::int64_t warm_up_ms = 2'000;
  std::int64_t measured_ms = 8'000;
  std::int64_t seed = 1;
  std::int64_t receive = 0;

  void Declare(Options& options) {
    options.RequiredText({"brokers", "where Kafka is"}, brokers);
    options.RequiredText({"like", "topic whose first messages are sent"}, like);
    options.RequiredText({"topic", "where they are sent to"}, topic);
    options.Number({"samples", "how many different messages are sent"}, samples, {1, 100'000});
    options.Number({"rate", "messages that begin; 0: as many as go", "messages a second"}, rate,
                   {0, 1'000'000});
    options.Number({"receive", "1: a consumer reads the messages meanwhile"}, receive, {0, 1});
    options.Number({"warm-up-ms", "span that is not counted", "ms"}, warm_up_ms, {0, 600'000});
    options.Number({"measured-ms", "span that is counted", "ms"}, measured_ms, {1, 600'000});
    options.Number({"seed", "the same seed makes the same load"}, seed, {0, 1'000'000'000});
  }
};

absl::StatusOr<std::unique_ptr<RdKafka::Conf>> Configured(
    const std::vector<std::pair<std::string, std::string>>& settings) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  for (const auto& [name, value] : settings) {
    std::string why;
    if (conf->set(name, value, why) != RdKafka::Conf::CONF_OK) return Internal(why);
  }
  return conf;
}

struct Sample {
  std::string key;
  std::string value;
  std::vector<RdKafka::Headers::Header> headers;
};

Sample SampleOf(RdKafka::Message& message) {
  Sample sample;
  if (message.key() != nullptr) sample.key = *message.key();
  sample.value.assign(static_cast<const char*>(message.payload()), message.len());
  if (message.headers() != nullptr) sample.headers = message.headers()->get_all();
  return sample;
}

// The first messages of the topic, whichever partition they lie in.
absl::StatusOr<std::vector<Sample>> ReadSamples(const Settings& settings) {
  LOTURA_ASSIGN_OR_RETURN(const auto conf,
                          Configured({{"bootstrap.servers", settings.brokers},
                                      {"group.id", "lotura-bench-" + settings.topic},
                                      {"enable.auto.commit", "false"},
                                      {"auto.offset.reset", "earliest"}}));
  std::string why;
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer(
      RdKafka::KafkaConsumer::create(conf.get(), why));
  if (consumer == nullptr) return Unavailable("KAFKA_CONSUMER", why);
  if (consumer->subscribe({settings.like}) != RdKafka::ERR_NO_ERROR)
    return Unavailable("KAFKA_SUBSCRIBE", "the topic cannot be read");
  std::vector<Sample> samples;
  const Deadline deadline = Deadline::After(kReadBound);
  while (samples.size() < static_cast<std::size_t>(settings.samples) && !deadline.Passed()) {
    std::unique_ptr<RdKafka::Message> message(consumer->consume(kPollMs));
    if (message->err() == RdKafka::ERR_NO_ERROR) samples.push_back(SampleOf(*message));
  }
  consumer->close();
  if (samples.empty()) return Unavailable("TOPIC_EMPTY", "the topic has no messages");
  return samples;
}

// Counts confirmations, from the thread that polls.
class Reports final : public RdKafka::DeliveryReportCb {
 public:
  Reports(Clock::time_point from, Clock::time_point until) : from_(from), until_(until) {}

  void dr_cb(RdKafka::Message& message) override {
    const std::unique_ptr<Clock::time_point> intended(
        static_cast<Clock::time_point*>(message.msg_opaque()));
    const auto now = Clock::now();
    if (message.err() != RdKafka::ERR_NO_ERROR) {
      ++failed;
    } else if (now >= from_ && now < until_) {
      ++confirmed;
      latencies.Add(now - *intended);
    }
  }

  std::uint64_t confirmed = 0;
  std::uint64_t failed = 0;
  Latencies latencies;

 private:
  const Clock::time_point from_;
  const Clock::time_point until_;
};

// Reads what is sent to the topic from its construction on.
class Receiver {
 public:
  static absl::StatusOr<std::unique_ptr<Receiver>> Start(const Settings& settings,
                                                         Clock::time_point from,
                                                         Clock::time_point until) {
    LOTURA_ASSIGN_OR_RETURN(const auto conf,
                            Configured({{"bootstrap.servers", settings.brokers},
                                        {"group.id", "lotura-bench-receive-" + settings.topic},
                                        {"enable.auto.commit", "false"},
                                        {"auto.offset.reset", "latest"}}));
    std::string why;
    std::unique_ptr<RdKafka::KafkaConsumer> consumer(
        RdKafka::KafkaConsumer::create(conf.get(), why));
    if (consumer == nullptr) return Unavailable("KAFKA_CONSUMER", why);
    if (consumer->subscribe({settings.topic}) != RdKafka::ERR_NO_ERROR)
      return Unavailable("KAFKA_SUBSCRIBE", "the topic cannot be read");
    return std::unique_ptr<Receiver>(new Receiver(std::move(consumer), from, until));
  }
  ~Receiver() {
    Stop();
    consumer_->close();
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  void Stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  // From when a message should have been sent until it was here. After Stop.
  Latencies& latencies() { return latencies_; }

 private:
  Receiver(std::unique_ptr<RdKafka::KafkaConsumer> consumer, Clock::time_point from,
           Clock::time_point until)
      : consumer_(std::move(consumer)), from_(from), until_(until) {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested())
        Take(std::unique_ptr<RdKafka::Message>(consumer_->consume(kPollMs)));
    });
  }

  void Take(const std::unique_ptr<RdKafka::Message>& message) {
    const auto now = Clock::now();
    if (message->err() != RdKafka::ERR_NO_ERROR || now < from_ || now >= until_) return;
    for (const auto& header : message->headers()->get(kIntendedHeader)) {
      const std::string text(static_cast<const char*>(header.value()), header.value_size());
      latencies_.Add(now.time_since_epoch() - std::chrono::nanoseconds(std::stoll(text)));
    }
  }

  const std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  const Clock::time_point from_;
  const Clock::time_point until_;
  Latencies latencies_;
  std::jthread thread_;
};

// Waits for room in the queue.
absl::Status Produce(const Settings& settings, RdKafka::Producer& producer, Sample& sample,
                     Clock::time_point intended) {
  for (;;) {
    std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create(sample.headers));
    if (settings.receive == 1)
      headers->add(kIntendedHeader, std::to_string(intended.time_since_epoch().count()));
    auto at = std::make_unique<Clock::time_point>(intended);
    const RdKafka::ErrorCode code =
        producer.produce(settings.topic, RdKafka::Topic::PARTITION_UA,
                         RdKafka::Producer::RK_MSG_COPY, sample.value.data(), sample.value.size(),
                         sample.key.data(), sample.key.size(), 0, headers.get(), at.get());
    if (code == RdKafka::ERR_NO_ERROR) {
      static_cast<void>(headers.release());
      static_cast<void>(at.release());
      return absl::OkStatus();
    }
    if (code != RdKafka::ERR__QUEUE_FULL)
      return Unavailable("KAFKA_PRODUCE", RdKafka::err2str(code));
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

absl::Status SendAll(const Settings& settings, std::vector<Sample>& samples,
                     RdKafka::Producer& producer, Clock::time_point begin, Clock::time_point end) {
  const double rate = settings.rate > 0 ? static_cast<double>(settings.rate) : 1;
  Arrivals arrivals(rate, static_cast<std::uint64_t>(settings.seed));
  std::size_t next = 0;
  auto at = begin;
  while (at < end) {
    if (settings.rate > 0) std::this_thread::sleep_until(at);
    LOTURA_RETURN_IF_ERROR(Produce(settings, producer, samples[next++ % samples.size()], at));
    at = settings.rate > 0 ? begin + arrivals.Next() : Clock::now();
  }
  return absl::OkStatus();
}

nlohmann::json InMicroseconds(Latencies& latencies) {
  const auto us = [&](double part) {
    return static_cast<double>(latencies.Percentile(part).count()) / 1e3;
  };
  return {{"p50", us(0.5)}, {"p99", us(0.99)}};
}

void Print(const Settings& settings, Reports& reports, Receiver* receiver) {
  nlohmann::json json = {{"per_second", static_cast<double>(reports.confirmed) * 1e3 /
                                            static_cast<double>(settings.measured_ms)},
                         {"failed", reports.failed},
                         {"confirmed_us", InMicroseconds(reports.latencies)}};
  if (receiver != nullptr) json["received_us"] = InMicroseconds(receiver->latencies());
  fmt::print("{}\n", json.dump());
}

// As the topics of services are.
absl::Status EnsureTopic(const Settings& settings) {
  const observe::Metrics metrics("bench");
  const observe::Log log({.service = "bench", .descriptor = STDERR_FILENO}, metrics);
  events::KafkaBus bus({.brokers = settings.brokers}, log);
  return bus.EnsureTopic({.name = settings.topic}, Deadline::After(kReadBound));
}

absl::Status Run(const Settings& settings) {
  LOTURA_RETURN_IF_ERROR(EnsureTopic(settings));
  LOTURA_ASSIGN_OR_RETURN(std::vector<Sample> samples, ReadSamples(settings));
  LOTURA_ASSIGN_OR_RETURN(const auto conf, Configured({{"bootstrap.servers", settings.brokers},
                                                       {"enable.idempotence", "true"},
                                                       {"acks", "all"},
                                                       {"linger.ms", "1"},
                                                       {"compression.type", "lz4"}}));
  const auto begin = Clock::now();
  const auto count_from = begin + std::chrono::milliseconds(settings.warm_up_ms);
  const auto end = count_from + std::chrono::milliseconds(settings.measured_ms);
  Reports reports(count_from, end);
  std::string why;
  conf->set("dr_cb", &reports, why);
  const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), why));
  if (producer == nullptr) return Unavailable("KAFKA_PRODUCER", why);
  std::unique_ptr<Receiver> receiver;
  if (settings.receive == 1) {
    LOTURA_ASSIGN_OR_RETURN(receiver, Receiver::Start(settings, count_from, end));
  }
  std::jthread polls([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) producer->poll(kPollMs);
  });
  const absl::Status sent = SendAll(settings, samples, *producer, begin, end);
  polls.request_stop();
  polls.join();
  if (receiver != nullptr) receiver->Stop();
  producer->flush(static_cast<int>(std::chrono::milliseconds(kFlushBound).count()));
  LOTURA_RETURN_IF_ERROR(sent);
  Print(settings, reports, receiver.get());
  return absl::OkStatus();
}

}  // namespace
}  // namespace lotura::bench

int main(int argc, char** argv) {
  return lotura::bench::RunProgram<lotura::bench::Settings>("lotura-bench-producer", argc, argv,
                                                            lotura::bench::Run);
}
