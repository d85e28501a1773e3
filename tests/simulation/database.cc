#include "tests/simulation/database.h"

#include "libs/events/cloud_events.h"

namespace lotura::simulation {

std::uint64_t Database::Begin() {
  ++open_;
  return journal_.Begin();
}

void Database::Rollback(std::uint64_t transaction) {
  --open_;
  journal_.Rollback(transaction);
}

resource::Outcomes Database::Commit(std::uint64_t transaction, resource::Store& store,
                                    std::span<const resource::Unit> units) {
  resource::Outcomes outcomes;
  for (const resource::Unit& unit : units) {
    auto outcome = store.Commit({&unit, 1}, unit.call->deadline);
    outcomes.push_back(std::move(outcome.front()));
  }
  for (events::JournalEntry& entry : store_.Journal(log_.size())) {
    world_.Note("committed {} {} {} v{} for {}", transaction, entry.type, entry.name, entry.version,
                entry.cause);
    journal_.Add(transaction, entry);
    entry.position = {.epoch = 1, .xid = transaction, .seq = entry.position.seq};
    by_record_[events::RecordKey(entry.tenant, entry.name)].push_back(log_.size());
    by_cause_[entry.cause].push_back(log_.size());
    log_.push_back(std::move(entry));
  }
  --open_;
  journal_.Commit(transaction);
  return outcomes;
}

std::vector<const events::JournalEntry*> Database::CausedBy(const std::string& cause) const {
  std::vector<const events::JournalEntry*> entries;
  const auto found = by_cause_.find(cause);
  if (found == by_cause_.end()) return entries;
  for (const std::size_t place : found->second) entries.push_back(&log_[place]);
  return entries;
}

}  // namespace lotura::simulation
