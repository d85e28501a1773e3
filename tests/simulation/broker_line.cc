#include "tests/simulation/broker_line.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/errors.h"

namespace lotura::simulation {
namespace {

using events::BusRecord;
using std::chrono::microseconds;

// Records that wait to be sent; one more is refused.
constexpr std::size_t kWaitingMax = 20;
constexpr std::size_t kRequestMax = 6;
constexpr microseconds kWayMin{200};
constexpr microseconds kWayMax{8'000};
constexpr microseconds kSlowMax{200'000};

absl::Status NotDelivered() {
  return Unavailable("RECORD_NOT_DELIVERED", "the broker may or may not have it");
}

}  // namespace

BrokerLine::BrokerLine(Process& process, Broker& broker)
    : world_(process.world()),
      faults_(process.faults()),
      broker_(broker),
      name_(process.name()),
      alive_(process.life()),
      producer_(broker.bus.NewProducer().value()) {}

absl::Status BrokerLine::Give(BusRecord record, Confirm confirm) {
  if (broken_) return FailedPrecondition("PRODUCER_BROKEN", "it sends nothing any more");
  if (waiting_.size() >= kWaitingMax)
    return ResourceExhausted("PRODUCER_QUEUE_FULL", "too many records wait", 10);
  waiting_.push_back({std::move(record), std::move(confirm)});
  SendSoon();
  return absl::OkStatus();
}

void BrokerLine::SendSoon() {
  if (sending_ || waiting_.empty()) return;
  sending_ = true;
  world_.After(Way(), [self = shared_from_this()] {
    self->sending_ = false;
    self->Send();
  });
}

std::vector<BusRecord> BrokerLine::NextRequest() const {
  const std::size_t count = 1 + world_.chance().Below(std::min(waiting_.size(), kRequestMax));
  std::vector<BusRecord> request;
  for (std::size_t i = 0; i < count; ++i) request.push_back(waiting_[i].record);
  return request;
}

World::Span BrokerLine::Way() {
  return world_.chance().Span(kWayMin, faults_.Strikes(Fault::kSlowBroker) ? kSlowMax : kWayMax);
}

void BrokerLine::Append(const std::vector<BusRecord>& request) {
  const int times = faults_.Strikes(Fault::kRecordsTwice) ? 2 : 1;
  for (int time = 0; time < times; ++time) {
    for (const BusRecord& record : request) {
      world_.Note("{} publishes {}", name_, record.key);
      const absl::Status given =
          producer_->Produce(record, [](const absl::Status& taken) { LOTURA_CHECK(taken.ok()); });
      LOTURA_CHECK(given.ok());
    }
  }
}

void BrokerLine::Send() {
  if (broken_ || waiting_.empty()) return;
  if (!*alive_) {
    Close();
    return;
  }
  if (!broker_.up) {
    SendSoon();
    return;
  }
  if (faults_.Strikes(Fault::kRecordRefused)) {
    Break();
    return;
  }
  const std::vector<BusRecord> request = NextRequest();
  Append(request);
  for (std::size_t i = 0; i < request.size(); ++i) {
    sent_.push_back(std::move(waiting_.front().confirm));
    waiting_.pop_front();
  }
  sending_ = true;
  absl::Status outcome =
      faults_.Strikes(Fault::kConfirmationLost) ? NotDelivered() : absl::OkStatus();
  world_.After(Way(), [self = shared_from_this(), outcome = std::move(outcome)] {
    self->sending_ = false;
    self->Answer(outcome);
  });
}

void BrokerLine::Answer(const absl::Status& outcome) {
  for (const Confirm& confirm : std::exchange(sent_, {})) confirm(outcome);
  if (!outcome.ok()) Break();
  SendSoon();
}

void BrokerLine::Break() {
  broken_ = true;
  for (const Confirm& confirm : std::exchange(sent_, {})) confirm(NotDelivered());
  for (const Given& given : std::exchange(waiting_, {})) given.confirm(NotDelivered());
}

void BrokerLine::Close() {
  if (!broken_ && !waiting_.empty() && broker_.up && faults_.Strikes(Fault::kLateRecords)) {
    world_.After(Way(),
                 [self = shared_from_this(), request = NextRequest()] { self->Append(request); });
  }
  Break();
}

}  // namespace lotura::simulation
