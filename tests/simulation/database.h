// The database of the service: what was committed outlives every process.
#pragma once

#include <map>
#include <memory>

#include "libs/events/memory_journal.h"
#include "libs/resource/memory_store.h"
#include "tests/simulation/world.h"

namespace lotura::simulation {

// Records and journal of one service in one database. A transaction takes its number before it
// waits, as at PostgreSQL: the order of the numbers is not that of the commits.
class Database {
 public:
  explicit Database(World& world) : world_(world), journal_(world) {}

  // Opens a transaction.
  std::uint64_t Begin();
  // Everything of it, at one instant, through `store`: that of this database or a mutant before it.
  resource::Outcomes Commit(std::uint64_t transaction, resource::Store& store,
                            std::span<const resource::Unit> units);
  void Rollback(std::uint64_t transaction);
  // Transactions, also those whose callers are gone.
  [[nodiscard]] std::size_t open() const { return open_; }

  [[nodiscard]] resource::MemoryStore& store() { return store_; }
  [[nodiscard]] events::MemoryJournal& journal() { return journal_; }
  // Every entry that was committed, in the order of the commits.
  [[nodiscard]] const std::vector<events::JournalEntry>& log() const { return log_; }
  // Places in the log: of the versions of a record, by RecordKey, and of what one cause brought
  // about.
  [[nodiscard]] const std::map<std::string, std::vector<std::size_t>>& by_record() const {
    return by_record_;
  }
  [[nodiscard]] std::vector<const events::JournalEntry*> CausedBy(const std::string& cause) const;

 private:
  World& world_;
  resource::MemoryStore store_;
  events::MemoryJournal journal_;
  std::size_t open_ = 0;
  std::vector<events::JournalEntry> log_;
  std::map<std::string, std::vector<std::size_t>> by_record_;
  std::map<std::string, std::vector<std::size_t>> by_cause_;
};

}  // namespace lotura::simulation
