#include "tests/simulation/faulty_bus.h"

#include <algorithm>

#include "tests/simulation/broker_line.h"

namespace lotura::simulation {
namespace {

using events::Place;
using events::ReceivedRecord;

class FaultyProducer final : public events::Producer {
 public:
  FaultyProducer(Process& process, Broker& broker)
      : process_(process), line_(std::make_shared<BrokerLine>(process, broker)) {}
  ~FaultyProducer() override { line_->Close(); }

  absl::Status Produce(const events::BusRecord& record, Confirm confirm) override {
    if (!process_.alive()) return Unreachable("the broker");
    return line_->Give(record, std::move(confirm));
  }

 private:
  Process& process_;
  std::shared_ptr<BrokerLine> line_;  // shared with what is on its way
};

class FaultyConsumer final : public events::Consumer {
 public:
  FaultyConsumer(Process& process, Broker& broker, std::unique_ptr<events::Consumer> consumer)
      : process_(process), broker_(broker), consumer_(std::move(consumer)) {}

  absl::StatusOr<std::vector<ReceivedRecord>> Poll(std::size_t limit,
                                                   std::chrono::milliseconds wait) override {
    const Instant until = process_.world().Now() + wait;
    for (;;) {
      if (!process_.Travel() || process_.faults().Strikes(Fault::kPollFails))
        return Unreachable("the broker");
      if (broker_.up) {
        const std::size_t some = 1 + process_.world().chance().Below(limit);
        auto records = consumer_->Poll(some, std::chrono::milliseconds(0));
        if (!records.ok() || !records->empty()) return records;
      }
      if (process_.world().Now() >= until) return std::vector<ReceivedRecord>();
      process_.world().Pause(kLook);
    }
  }

  absl::Status Commit(std::span<const Place> next) override {
    if (!process_.Travel() || !broker_.up || process_.faults().Strikes(Fault::kOffsetsNotKept))
      return Unreachable("the broker");
    absl::Status kept = consumer_->Commit(next);
    if (!process_.Travel() || process_.faults().Strikes(Fault::kOffsetsAnswerLost))
      return Unreachable("the broker");
    return kept;
  }

  absl::StatusOr<std::int64_t> Lag() override {
    if (!process_.Travel() || !broker_.up) return Unreachable("the broker");
    return consumer_->Lag();
  }

 private:
  static constexpr std::chrono::milliseconds kLook{20};

  Process& process_;
  Broker& broker_;
  const std::unique_ptr<events::Consumer> consumer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<events::Producer>> FaultyBus::NewProducer() {
  return std::make_unique<FaultyProducer>(process_, broker_);
}

absl::StatusOr<std::unique_ptr<events::Consumer>> FaultyBus::NewConsumer(
    const events::Subscription& subscription) {
  if (!process_.alive()) return Unreachable("the broker");
  auto consumer = broker_.bus.NewConsumer(subscription);
  if (!consumer.ok()) return consumer.status();
  return std::make_unique<FaultyConsumer>(process_, broker_, *std::move(consumer));
}

absl::Status FaultyBus::EnsureTopic(const events::TopicSpec& spec, Deadline deadline) {
  if (!process_.Travel()) return Unreachable("the broker");
  return broker_.bus.EnsureTopic(spec, deadline);
}

}  // namespace lotura::simulation
