#include "tests/simulation/nemesis.h"

#include <array>

#include "libs/base/check.h"
#include "libs/events/cloud_events.h"

namespace lotura::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::array kOnPurpose = {
    Fault::kForeignTransaction, Fault::kBrokerGone,  Fault::kRebalance, Fault::kFlush,
    Fault::kCacheGone,          Fault::kServiceDies, Fault::kRelayDies, Fault::kConsumerDies,
    Fault::kProcessStops};
// Of a thousand processes that are ended, those that are asked to and not killed.
constexpr std::uint64_t kAsked = 250;

}  // namespace

World::Span Nemesis::Some(milliseconds least, milliseconds most) {
  return plant_.world.chance().Span(least, most);
}

void Nemesis::Run() {
  while (!stopped_) {
    plant_.world.Pause(Some(milliseconds(20), milliseconds(300)));
    const World::Span down = Some(milliseconds(5), milliseconds(600));
    crew_.services.Revive(down);
    crew_.relays.Revive(down);
    crew_.consumers.Revive(down);
    const Fault fault = plant_.world.chance().OneOf<Fault>(kOnPurpose);
    if (plant_.faults.on() && plant_.faults.Has(fault)) Strike(fault);
  }
}

void Nemesis::Strike(Fault fault) {
  plant_.faults.Count(fault);
  if (fault == Fault::kServiceDies) {
    Kill(crew_.services);
  } else if (fault == Fault::kRelayDies) {
    Kill(crew_.relays);
  } else if (fault == Fault::kConsumerDies) {
    Kill(crew_.consumers);
  } else {
    Disturb(fault);
  }
}

void Nemesis::Disturb(Fault fault) {
  if (fault == Fault::kForeignTransaction) {
    OpenTransaction();
  } else if (fault == Fault::kBrokerGone) {
    TakeBrokerAway();
  } else if (fault == Fault::kRebalance) {
    Rebalance();
  } else if (fault == Fault::kFlush) {
    plant_.cache.memory.Clear();
  } else if (fault == Fault::kCacheGone) {
    TakeCacheAway();
  } else {
    LOTURA_CHECK(fault == Fault::kProcessStops);
    const std::uint64_t kind = plant_.world.chance().Below(3);
    if (kind == 0) Halt(crew_.services);
    if (kind == 1) Halt(crew_.relays);
    if (kind == 2) Halt(crew_.consumers);
  }
}

template <typename Kind>
void Nemesis::Kill(Replicas<Kind>& replicas) {
  Kind* one = replicas.At(plant_.world.chance().Below(replicas.size()));
  if (one == nullptr) return;
  // A service that is asked to end refuses new calls and is then as good as killed.
  const bool asked = plant_.world.chance().PerMille(kAsked);
  if (asked && !std::is_same_v<Kind, ServiceProcess>) {
    one->process().Leave();
  } else {
    one->process().Die();
  }
}

template <typename Kind>
void Nemesis::Halt(Replicas<Kind>& replicas) {
  Kind* one = replicas.At(plant_.world.chance().Below(replicas.size()));
  if (one != nullptr) one->process().Stop(Some(milliseconds(50), milliseconds(2'500)));
}

void Nemesis::OpenTransaction() {
  const std::uint64_t transaction = plant_.database.Begin();
  plant_.world.After(
      Some(milliseconds(20), milliseconds(1'500)),
      [&database = plant_.database, transaction] { database.Rollback(transaction); });
}

void Nemesis::TakeBrokerAway() {
  plant_.broker.up = false;
  plant_.world.After(Some(milliseconds(20), milliseconds(800)),
                     [&broker = plant_.broker] { broker.up = true; });
}

void Nemesis::TakeCacheAway() {
  plant_.cache.memory.SetReach(cache::MemoryCache::Reach::kUnreachable);
  plant_.world.After(Some(milliseconds(20), milliseconds(500)), [&cache = plant_.cache] {
    cache.memory.SetReach(cache::MemoryCache::Reach::kReachable);
  });
}

void Nemesis::Rebalance() {
  auto member = plant_.broker.bus.NewConsumer(
      {.group = kGroup, .topics = {events::TopicOf(kService)}, .instance = ""});
  LOTURA_CHECK(member.ok());
  std::shared_ptr<events::Consumer> shared = *std::move(member);
  plant_.world.After(Some(milliseconds(5), milliseconds(300)),
                     [shared]() mutable { shared.reset(); });
}

}  // namespace lotura::simulation
