#include "tests/simulation/event_processes.h"

#include "libs/events/cloud_events.h"

namespace lotura::simulation {
namespace {

using std::chrono::milliseconds;

// An actor that could not do anything waits a little, also if it is told not to.
constexpr World::Span kLeastPause{500};

events::RelayOptions RelayOptionsOf(Plant& plant) {
  return {.service = kService,
          .name = kRelay,
          .holder = plant.ids.Next(),
          .batch = {.entries = 1 + plant.world.chance().Below(30)},
          .lease = milliseconds(800),
          .poll = milliseconds(40),
          .cursor_interval = milliseconds(60),
          .retry = milliseconds(100)};
}

events::ConsumerOptions ConsumerOptionsOf(Plant& plant) {
  return {.name = kGroup,
          .topics = {events::TopicOf(kService)},
          .batch = 1 + plant.world.chance().Below(12),
          .wait = milliseconds(100),
          .retry_min = milliseconds(50),
          .retry_max = milliseconds(500)};
}

}  // namespace

RelayProcess::RelayProcess(Plant& plant, std::string name)
    : process_(plant.world, plant.faults, std::move(name)),
      mutant_(JournalMutant(plant.mutation, plant.database)),
      journal_(process_, mutant_ == nullptr ? plant.database.journal() : *mutant_),
      bus_(process_, plant.broker),
      step_(RelayOptionsOf(plant), {journal_, bus_, plant.world}, plant.equipment.metrics(),
            plant.equipment.log(), [this] { process_.WakeAll(); }) {
  process_.Start([this] { Drive(); });
}

void RelayProcess::Drive() {
  while (process_.alive() && !process_.leaving())
    process_.world().Rest(std::max(step_.Run(), kLeastPause));
  if (process_.alive()) step_.Stop();
  process_.Die();
}

ConsumerProcess::ConsumerProcess(Plant& plant, std::string name)
    : process_(plant.world, plant.faults, std::move(name)),
      bus_(process_, plant.broker),
      inbox_(InboxOf(plant.mutation, process_, plant.effects)),
      step_(ConsumerOptionsOf(plant), bus_, *inbox_, plant.world, plant.equipment.metrics(),
            plant.equipment.log()) {
  process_.Start([this] { Drive(); });
}

void ConsumerProcess::Drive() {
  while (process_.alive() && !process_.leaving())
    process_.world().Rest(std::max(step_.Run(), kLeastPause));
  if (process_.alive()) step_.Stop();
  process_.Die();
}

}  // namespace lotura::simulation
