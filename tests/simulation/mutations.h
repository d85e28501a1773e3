// Mistakes that the simulation has to find, each in a wrapper of a seam.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "libs/cache/cache.h"
#include "tests/simulation/database.h"
#include "tests/simulation/faulty_inbox.h"
#include "tests/simulation/faulty_store.h"

namespace lotura::simulation {

enum class Mutation {
  kNone,
  kNoHorizon,     // the relay reads what is committed, whatever is open before it
  kUnguarded,     // an update does not look at the version that it replaces
  kEarlyCursor,   // the cursor moves when a batch is read, not when it is confirmed
  kSplitInbox,    // effects and marks are two transactions
  kUnleasedFill,  // the cache takes every fill
  kRerunInDoubt,  // a batch whose commit is in doubt runs again
};

// "no_horizon"; nothing for a name that is none.
std::optional<Mutation> MutationOf(std::string_view name);
const char* NameOf(Mutation mutation);
// All but kNone.
std::span<const Mutation> AllMutations();

// Each returns a wrapper, or null where the mutation is another one: then what it would stand
// before is used itself.
std::unique_ptr<resource::Store> StoreMutant(Mutation mutation, Database& database);
std::unique_ptr<resource::Store> CommitMutant(Mutation mutation, FaultyStore& store);
std::unique_ptr<events::Journal> JournalMutant(Mutation mutation, Database& database);
std::unique_ptr<cache::Cache> CacheMutant(Mutation mutation, cache::Cache& cache);
// The inbox itself, mutated or not.
std::unique_ptr<events::Inbox> InboxOf(Mutation mutation, Process& process, Effects& effects);

}  // namespace lotura::simulation
