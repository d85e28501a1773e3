// Records in memory, behind the same contract as PostgreSQL: for simulation and for tests of what
// stands above the store.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "libs/events/journal.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// Thread-safe; each commit is atomic and takes effect at once.
class MemoryStore final : public Store {
 public:
  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration,
                                                          const TenantId& tenant,
                                                          std::span<const std::string> names,
                                                          Deadline deadline) override;
  absl::StatusOr<std::optional<StoredRequest>> FindRequest(const TenantId& tenant,
                                                           const Uuid& request_id,
                                                           Deadline deadline) override;
  std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units,
                                              Deadline deadline) override;
  absl::StatusOr<Outcome> Check(const Unit& unit, Deadline deadline) override;
  absl::StatusOr<Outcome> CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                     Deadline deadline) override;
  absl::StatusOr<Outcomes> CheckRows(const Chunk& chunk, Deadline deadline) override;

  // The entries that were committed, but for the first `seen` of them, in the order of the commits.
  [[nodiscard]] std::vector<events::JournalEntry> Journal(std::size_t seen = 0) const;

 private:
  // CommitRows, under the lock.
  absl::StatusOr<Outcome> WriteRows(const Chunk& chunk, const AnswerOfRows& answer_of);

  // tenant, kind and normal form of a match key.
  using MatchKey = std::tuple<TenantId, std::string, std::string>;

  // Everything that a commit changes.
  struct Content {
    std::map<Key, Record> records;
    std::map<std::pair<TenantId, Uuid>, StoredRequest> requests;
    std::map<MatchKey, std::string> match_keys;
    std::vector<events::JournalEntry> journal;
  };

  // All of these expect the mutex to be held.
  Outcomes ApplyRows(std::span<const Unit> rows);
  std::optional<Outcome> Refuse(const Unit& unit) const;
  std::optional<Outcome> RefuseChange(const Unit& unit, std::size_t place) const;
  void Apply(const Unit& unit);
  void ApplyChange(const Unit& unit, const RecordChange& change);

  mutable std::mutex mutex_;  // guards everything below
  Content content_;
};

}  // namespace lotura::resource
