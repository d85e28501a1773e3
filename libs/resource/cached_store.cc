#include "libs/resource/cached_store.h"

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/crash/point.h"

namespace lotura::resource {
namespace {

// The records of a unit are to be read anew: they have changed, may have, or are not what the unit
// read.
bool EndsWhatWasCached(const absl::StatusOr<Outcome>& outcome) {
  if (!outcome.ok()) return true;
  switch (outcome->verdict) {
    case Verdict::kCommitted:
    case Verdict::kReplayed:
    case Verdict::kStale:
    case Verdict::kNameTaken:
      return true;
    case Verdict::kRequestReused:
    case Verdict::kMatchKeyTaken:
    case Verdict::kReferenceGone:
      return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<std::optional<Record>>> CachedStore::Load(
    const Declaration& declaration, const TenantId& tenant, std::span<const std::string> names,
    Deadline deadline) {
  std::vector<TenantRecord> wanted;
  for (const std::string& name : names) wanted.push_back({&declaration, {tenant, name}});
  std::vector<RecordCache::Look> looks = cache_.LookUp(wanted);
  std::vector<std::optional<Record>> records(names.size());
  std::vector<std::size_t> places;
  std::vector<std::string> missed;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    if (looks[i].known.has_value()) {
      records[i] = *std::move(looks[i].known);
    } else {
      places.push_back(i);
      missed.push_back(names[i]);
    }
  }
  if (missed.empty()) return records;
  LOTURA_ASSIGN_OR_RETURN(auto loaded, store_.Load(declaration, tenant, missed, deadline));
  std::vector<RecordCache::Stored> stored;
  for (std::size_t i = 0; i < loaded.size(); ++i) stored.push_back({&looks[places[i]], &loaded[i]});
  cache_.Keep(stored);
  for (std::size_t i = 0; i < loaded.size(); ++i) records[places[i]] = std::move(loaded[i]);
  return records;
}

absl::StatusOr<std::optional<StoredRequest>> CachedStore::FindRequest(const TenantId& tenant,
                                                                      const Uuid& request_id,
                                                                      Deadline deadline) {
  return store_.FindRequest(tenant, request_id, deadline);
}

std::vector<absl::StatusOr<Outcome>> CachedStore::Commit(std::span<const Unit> units,
                                                         Deadline deadline) {
  auto outcomes = store_.Commit(units, deadline);
  LOTURA_CHECK(outcomes.size() == units.size());
  std::vector<TenantRecord> ended;
  for (std::size_t i = 0; i < units.size(); ++i) CollectEnded(units[i], outcomes[i], ended);
  if (!ended.empty()) crash::Point("store.committed");
  cache_.Fence(ended);
  return outcomes;
}

absl::StatusOr<Outcome> CachedStore::Check(const Unit& unit, Deadline deadline) {
  auto outcome = store_.Check(unit, deadline);
  // Nothing was written: what the unit read was right.
  if (outcome.ok() && outcome->verdict == Verdict::kCommitted) return outcome;
  std::vector<TenantRecord> ended;
  CollectEnded(unit, outcome, ended);
  cache_.Fence(ended);
  return outcome;
}

absl::StatusOr<Outcome> CachedStore::CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                                Deadline deadline) {
  auto outcome = store_.CommitRows(chunk, answer_of, deadline);
  std::vector<TenantRecord> ended;
  for (const Unit& row : chunk.rows) CollectEnded(row, outcome, ended);
  if (!ended.empty()) crash::Point("store.committed");
  cache_.Fence(ended);
  return outcome;
}

absl::StatusOr<Outcomes> CachedStore::CheckRows(const Chunk& chunk, Deadline deadline) {
  return store_.CheckRows(chunk, deadline);
}

void CachedStore::CollectEnded(const Unit& unit, const absl::StatusOr<Outcome>& outcome,
                               std::vector<TenantRecord>& records) {
  if (!EndsWhatWasCached(outcome)) return;
  for (const RecordChange& change : unit.changes)
    records.push_back({change.declaration, {unit.call->principal.tenant, change.name}});
}

void CachedStore::Forget(const TenantId& tenant, std::span<const RecordRef> records) {
  std::vector<TenantRecord> forgotten;
  for (const RecordRef& record : records)
    forgotten.push_back({record.declaration, {tenant, record.name}});
  cache_.Fence(forgotten);
}

}  // namespace lotura::resource
