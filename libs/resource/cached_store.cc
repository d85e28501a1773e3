#include "libs/resource/cached_store.h"

#include <cstring>

#include "libs/base/check.h"
#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/crash/point.h"
#include "libs/resource/codec.h"

namespace lotura::resource {
namespace {

// The cache cuts these to its own bounds.
constexpr std::chrono::minutes kTtl{10};
constexpr std::chrono::seconds kNegativeTtl{10};
constexpr char kLayoutVersion[] = "record 1\n";

// Changes with the message's definition, so that binaries with another one read nothing that they
// would misunderstand.
std::uint64_t LayoutOf(const Declaration& declaration) {
  const Sha256Digest digest = Sha256(kLayoutVersion + declaration.message()->DebugString());
  std::uint64_t layout = 0;
  std::memcpy(&layout, digest.data(), sizeof(layout));
  return layout;
}

// Fences do not look at the layout: they end what any binary stored.
constexpr std::uint64_t kAnyLayout = 0;

cache::Key KeyOf(const Declaration& declaration, std::uint64_t layout, const TenantId& tenant,
                 const std::string& name) {
  return cache::MakeKey({tenant, declaration.service(), name}, layout);
}

std::optional<Record> FromEntry(const Declaration& declaration, const cache::Entry& entry) {
  std::shared_ptr<pbuf::Message> message = declaration.NewMessage();
  if (!message->ParseFromString(entry.value)) return std::nullopt;
  const auto* deleted = declaration.delete_time_field();
  Record record;
  record.deleted = deleted != nullptr && message->GetReflection()->HasField(*message, deleted);
  record.version = entry.version;
  record.message = std::move(message);
  return record;
}

cache::Filling FillingOf(const cache::Key& key, const cache::Lease& lease,
                         const std::optional<Record>& record) {
  cache::Filling filling{.key = key, .lease = lease};
  if (record.has_value()) {
    filling.entry = cache::Entry{record->message->SerializeAsString(), record->version};
    filling.ttl = kTtl;
  } else {
    filling.ttl = kNegativeTtl;
  }
  return filling;
}

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

struct CachedStore::Missed {
  std::vector<std::size_t> places;
  std::vector<std::string> names;
  std::vector<cache::Key> keys;
  std::vector<std::optional<cache::Lease>> leases;
};

CachedStore::CachedStore(Store& store, cache::Cache& cache,
                         std::span<const Declaration* const> declarations)
    : store_(store), cache_(cache) {
  for (const Declaration* declaration : declarations)
    layouts_.emplace(declaration, LayoutOf(*declaration));
}

absl::StatusOr<std::vector<std::optional<Record>>> CachedStore::Load(
    const Declaration& declaration, const TenantId& tenant, std::span<const std::string> names,
    Deadline deadline) {
  const std::uint64_t layout = layouts_.at(&declaration);
  std::vector<cache::Key> keys;
  for (const std::string& name : names) keys.push_back(KeyOf(declaration, layout, tenant, name));
  std::vector<std::optional<Record>> records(names.size());
  Missed missed;
  const auto lookups = cache_.GetMany(keys);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (const auto* hit = std::get_if<cache::Hit>(&lookups[i]))
      records[i] = FromEntry(declaration, hit->entry);
    if (records[i].has_value() || std::holds_alternative<cache::Negative>(lookups[i])) continue;
    const auto* miss = std::get_if<cache::Miss>(&lookups[i]);
    missed.places.push_back(i);
    missed.names.push_back(names[i]);
    missed.keys.push_back(keys[i]);
    missed.leases.push_back(miss == nullptr ? std::nullopt : miss->lease);
  }
  if (missed.names.empty()) return records;
  const bool alone = missed.names.size() == 1 && missed.leases.front().has_value();
  LOTURA_ASSIGN_OR_RETURN(auto loaded, alone ? LoadTogether(declaration, tenant, missed, deadline)
                                             : LoadMissed(declaration, tenant, missed, deadline));
  for (std::size_t i = 0; i < loaded.size(); ++i) records[missed.places[i]] = std::move(loaded[i]);
  return records;
}

CachedStore::Loaded CachedStore::LoadMissed(const Declaration& declaration, const TenantId& tenant,
                                            const Missed& missed, Deadline deadline) {
  Loaded loaded = store_.Load(declaration, tenant, missed.names, deadline);
  if (!loaded.ok()) return loaded;
  std::vector<cache::Filling> fillings;
  for (std::size_t i = 0; i < loaded->size(); ++i) {
    // An entry could not say that a part of the record is missing.
    const bool whole = !(*loaded)[i].has_value() || !(*loaded)[i]->newer;
    if (missed.leases[i].has_value() && whole)
      fillings.push_back(FillingOf(missed.keys[i], *missed.leases[i], (*loaded)[i]));
  }
  if (!fillings.empty()) cache_.FillMany(fillings);
  return loaded;
}

CachedStore::Loaded CachedStore::LoadTogether(const Declaration& declaration,
                                              const TenantId& tenant, const Missed& missed,
                                              Deadline deadline) {
  bool loaded_here = false;
  const auto loaded = flights_.Run(missed.keys.front(), *missed.leases.front(), deadline, [&] {
    loaded_here = true;
    return LoadMissed(declaration, tenant, missed, deadline);
  });
  if (!loaded.has_value()) return DeadlineExceeded("the record was not read in time");
  // Another reader's failure, for example his deadline, is not ours.
  return loaded->ok() || loaded_here ? *loaded : LoadMissed(declaration, tenant, missed, deadline);
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
  std::vector<cache::Key> keys;
  for (std::size_t i = 0; i < units.size(); ++i) CollectEnded(units[i], outcomes[i], keys);
  if (!keys.empty()) crash::Point("store.committed");
  Fence(keys);
  return outcomes;
}

absl::StatusOr<Outcome> CachedStore::Check(const Unit& unit, Deadline deadline) {
  auto outcome = store_.Check(unit, deadline);
  // Nothing was written: what the unit read was right.
  if (outcome.ok() && outcome->verdict == Verdict::kCommitted) return outcome;
  std::vector<cache::Key> keys;
  CollectEnded(unit, outcome, keys);
  Fence(keys);
  return outcome;
}

absl::StatusOr<Outcome> CachedStore::CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                                Deadline deadline) {
  auto outcome = store_.CommitRows(chunk, answer_of, deadline);
  std::vector<cache::Key> keys;
  for (const Unit& row : chunk.rows) CollectEnded(row, outcome, keys);
  Fence(keys);
  return outcome;
}

absl::StatusOr<Outcomes> CachedStore::CheckRows(const Chunk& chunk, Deadline deadline) {
  return store_.CheckRows(chunk, deadline);
}

void CachedStore::CollectEnded(const Unit& unit, const absl::StatusOr<Outcome>& outcome,
                               std::vector<cache::Key>& keys) {
  if (!EndsWhatWasCached(outcome)) return;
  for (const RecordChange& change : unit.changes) {
    keys.push_back(
        KeyOf(*change.declaration, kAnyLayout, unit.call->principal.tenant, change.name));
  }
}

void CachedStore::Forget(const TenantId& tenant, std::span<const RecordRef> records) {
  std::vector<cache::Key> keys;
  for (const RecordRef& record : records)
    keys.push_back(KeyOf(*record.declaration, kAnyLayout, tenant, record.name));
  Fence(keys);
}

void CachedStore::Fence(const std::vector<cache::Key>& keys) {
  // What cannot be told now is owed, counted by the cache and bounded by its time to live.
  if (!keys.empty()) static_cast<void>(cache_.FenceMany(keys));
}

}  // namespace lotura::resource
