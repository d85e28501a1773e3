// Everything of an installation that outlives its processes, and what they are made from.
#pragma once

#include "libs/cache/observer.h"
#include "libs/events/bus.h"
#include "libs/observe/log.h"
#include "libs/resource/catalog.h"
#include "libs/resource/references.h"
#include "tests/simulation/broker.h"
#include "tests/simulation/database.h"
#include "tests/simulation/effects.h"
#include "tests/simulation/faulty_cache.h"
#include "tests/simulation/mutations.h"

namespace lotura::simulation {

// Whatever a record of another service is called, it is there.
class AllForeignRecords final : public resource::ForeignRecords {
 public:
  absl::StatusOr<std::vector<std::string>> FindMissing(const TenantId& tenant,
                                                       std::span<const std::string> names,
                                                       Deadline deadline) const override;
};

// What is the same for all seeds: the record types of the service sales with their rules, and where
// figures and logs go.
class Equipment {
 public:
  Equipment();

  [[nodiscard]] const resource::Catalog& catalog() const { return catalog_; }
  [[nodiscard]] const observe::Metrics& metrics() const { return metrics_; }
  [[nodiscard]] const observe::Log& log() const { return log_; }
  [[nodiscard]] const resource::ForeignRecords& foreign() const { return foreign_; }

 private:
  resource::Catalog catalog_;
  observe::Metrics metrics_;
  observe::Log log_;
  AllForeignRecords foreign_;
};

inline constexpr char kService[] = "sales";
inline constexpr char kRelay[] = "kafka";
inline constexpr char kGroup[] = "communications.timeline";

// Processes refer to it. Used by one thread.
struct Plant {
  Plant(World& the_world, Faults& the_faults, const Equipment& the_equipment,
        Mutation the_mutation);

  World& world;
  Faults& faults;
  const Equipment& equipment;
  const Mutation mutation;
  SeededIds ids;
  Database database;
  std::unique_ptr<resource::Store> store_mutant;
  Broker broker;
  cache::Counts cache_counts;
  SharedCache cache;
  std::unique_ptr<cache::Cache> cache_mutant;
  Effects effects;

  // Those of the plant, or mutants before them.
  [[nodiscard]] resource::Store& store();
  [[nodiscard]] cache::Cache& memory();
};

}  // namespace lotura::simulation
