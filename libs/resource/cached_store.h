// A store whose reads may be answered by the cache and whose writes fence it.
#pragma once

#include "libs/resource/record_cache.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// No read that starts after a write was acknowledged returns an older version, as long as the cache
// can be told (libs/cache/README.md).
class CachedStore final : public Store {
 public:
  // Both outlive this object.
  CachedStore(Store& store, RecordCache& cache) : store_(store), cache_(cache) {}

  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration,
                                                          const TenantId& tenant,
                                                          std::span<const std::string> names,
                                                          Deadline deadline) override;
  absl::StatusOr<std::optional<StoredRequest>> FindRequest(const TenantId& tenant,
                                                           const Uuid& request_id,
                                                           Deadline deadline) override;
  absl::StatusOr<Outcome> Check(const Unit& unit, Deadline deadline) override;
  void Forget(const TenantId& tenant, std::span<const RecordRef> records) override;
  void EncodeRows(Chunk& chunk) override { store_.EncodeRows(chunk); }
  // Fences every record of every row: which of them were committed is in the answer alone.
  absl::StatusOr<Outcome> CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                     Deadline deadline) override;
  absl::StatusOr<Outcomes> CheckRows(const Chunk& chunk, Deadline deadline) override;
  // Fences every record that a unit changed or may have changed before the outcome is returned, and
  // every one that it did not find as it had read it: what it read may come from the cache, and a
  // second attempt shall read anew.
  std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units,
                                              Deadline deadline) override;

 private:
  // Every record of a unit whose outcome says that it may be another now.
  static void CollectEnded(const Unit& unit, const absl::StatusOr<Outcome>& outcome,
                           std::vector<TenantRecord>& records);

  Store& store_;
  RecordCache& cache_;
};

}  // namespace lotura::resource
