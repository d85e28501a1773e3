#include "tests/simulation/faulty_inbox.h"

#include "libs/base/errors.h"
#include "libs/crash/point.h"
#include "libs/events/cloud_events.h"

namespace lotura::simulation {
namespace {

using events::Applied;
using std::chrono::microseconds;

constexpr microseconds kTransactionMin{200};
constexpr microseconds kTransactionMax{20'000};

}  // namespace

Applied FaultyInbox::Apply(std::span<const events::ReceivedRecord> records, Deadline /*deadline*/) {
  const absl::Status lost = Unreachable("the database of the consumers");
  Faults& faults = process_.faults();
  World& world = process_.world();
  if (!process_.Travel() || faults.Strikes(Fault::kEffectsRefused)) return {.status = lost};
  std::vector<events::Event> events;
  for (const events::ReceivedRecord& received : records) {
    auto event = events::FromBusRecord(received.record);
    if (!event.ok()) {
      world.Violate("a record of the topic is no event: " + Message(event.status()));
      return {.status = event.status()};
    }
    events.push_back(*std::move(event));
  }
  world.Pause(world.chance().Span(kTransactionMin, kTransactionMax));
  crash::Point("consumer.effects");
  // A process that has died before it asked for the commit has done nothing.
  if (!process_.alive() || faults.Strikes(Fault::kEffectsLost)) return {.status = lost};
  Applied applied{.done = events.size()};
  applied.handled = Handle(events);
  applied.duplicates = events.size() - applied.handled;
  if (!events.empty()) applied.last = events.back().time;
  if (!process_.Travel() || faults.Strikes(Fault::kEffectsAnswerLost)) return {.status = lost};
  return applied;
}

std::size_t FaultyInbox::Handle(std::span<const events::Event> events) {
  std::size_t handled = 0;
  for (const events::Event& event : events) {
    if (effects_.IsMarked(event)) continue;
    effects_.Mark(event);
    effects_.Make(event);
    ++handled;
    process_.world().Note("{} handles {} v{}", process_.name(), event.subject, event.version());
  }
  return handled;
}

absl::StatusOr<std::vector<events::DeadLetter>> FaultyInbox::Unannounced(std::size_t /*limit*/,
                                                                         Deadline /*deadline*/) {
  if (!process_.Travel()) return Unreachable("the database of the consumers");
  return std::vector<events::DeadLetter>();
}

absl::Status FaultyInbox::MarkAnnounced(std::span<const events::DeadLetter> /*letters*/,
                                        Deadline /*deadline*/) {
  return Internal("there was no dead letter");
}

absl::StatusOr<std::size_t> FaultyInbox::CountParked(Deadline /*deadline*/) {
  if (!process_.Travel()) return Unreachable("the database of the consumers");
  return std::size_t{0};
}

}  // namespace lotura::simulation
