#include "tests/simulation/plant.h"

#include "libs/base/check.h"
#include "libs/events/cloud_events.h"
#include "services/sales/app.h"

namespace lotura::simulation {
namespace {

constexpr std::int32_t kPartitions = 3;

// Beyond the highest: what goes wrong on purpose is nothing to tell of.
constexpr auto kNothing = static_cast<observe::Level>(static_cast<int>(observe::Level::kError) + 1);

}  // namespace

absl::StatusOr<std::vector<std::string>> AllForeignRecords::FindMissing(
    const TenantId& /*tenant*/, std::span<const std::string> /*names*/,
    Deadline /*deadline*/) const {
  return std::vector<std::string>();
}

Equipment::Equipment() : metrics_(kService), log_({}, metrics_) {
  LOTURA_CHECK(sales::Spec().declare(catalog_).ok());
  log_.SetLevel(kNothing);
}

Plant::Plant(World& the_world, Faults& the_faults, const Equipment& the_equipment,
             Mutation the_mutation)
    : world(the_world),
      faults(the_faults),
      equipment(the_equipment),
      mutation(the_mutation),
      ids(the_world.chance()),
      database(the_world),
      store_mutant(StoreMutant(the_mutation, database)),
      cache(the_world, cache_counts),
      cache_mutant(CacheMutant(the_mutation, cache.memory)) {
  const auto made =
      broker.bus.EnsureTopic({.name = events::TopicOf(kService), .partitions = kPartitions},
                             Deadline::After(std::chrono::seconds(1)));
  LOTURA_CHECK(made.ok());
}

resource::Store& Plant::store() {
  return store_mutant == nullptr ? database.store() : *store_mutant;
}

cache::Cache& Plant::memory() { return cache_mutant == nullptr ? cache.memory : *cache_mutant; }

}  // namespace lotura::simulation
