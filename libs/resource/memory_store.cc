#include "libs/resource/memory_store.h"

#include <fmt/format.h>

#include "libs/resource/batch.h"
#include "libs/resource/references.h"

namespace lotura::resource {

absl::StatusOr<std::vector<std::optional<Record>>> MemoryStore::Load(
    const Declaration&, const TenantId& tenant, std::span<const std::string> names, Deadline) {
  const std::lock_guard lock(mutex_);
  std::vector<std::optional<Record>> found;
  for (const std::string& name : names) {
    const auto record = records_.find({tenant, name});
    found.push_back(record == records_.end() ? std::nullopt : std::optional(record->second));
  }
  return found;
}

absl::StatusOr<std::optional<StoredRequest>> MemoryStore::FindRequest(const TenantId& tenant,
                                                                      const Uuid& request_id,
                                                                      Deadline) {
  const std::lock_guard lock(mutex_);
  const auto found = requests_.find({tenant, request_id});
  return found == requests_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<absl::StatusOr<Outcome>> MemoryStore::Commit(std::span<const Unit> units, Deadline) {
  const std::lock_guard lock(mutex_);
  std::vector<absl::StatusOr<Outcome>> outcomes;
  for (const Unit& unit : units) {
    const auto refused = Refuse(unit);
    if (!refused.has_value()) Apply(unit);
    outcomes.emplace_back(refused.value_or(Outcome()));
  }
  return outcomes;
}

absl::StatusOr<Outcome> MemoryStore::Check(const Unit& unit, Deadline) {
  const std::lock_guard lock(mutex_);
  return Refuse(unit).value_or(Outcome());
}

std::optional<Outcome> MemoryStore::Refuse(const Unit& unit) const {
  if (unit.request.has_value()) {
    const auto known = requests_.find({unit.call->principal.tenant, unit.request->id});
    if (known != requests_.end()) return RepetitionOf(known->second, *unit.request);
  }
  for (std::size_t i = 0; i < unit.changes.size(); ++i) {
    if (auto refused = RefuseChange(unit, i)) return refused;
  }
  return std::nullopt;
}

std::optional<Outcome> MemoryStore::RefuseChange(const Unit& unit, std::size_t place) const {
  const RecordChange& change = unit.changes[place];
  const TenantId& tenant = unit.call->principal.tenant;
  const auto current = records_.find({tenant, change.name});
  Outcome outcome;
  outcome.change = place;
  if (change.version == 1 && current != records_.end()) {
    outcome.verdict = Verdict::kNameTaken;
    outcome.holder = change.name;
    return outcome;
  }
  if (change.version > 1 &&
      (current == records_.end() || current->second.version != change.version - 1)) {
    outcome.verdict = Verdict::kStale;
    return outcome;
  }
  for (const auto& [kind, key] : change.added_keys) {
    const auto holder = match_keys_.find({tenant, kind, key});
    if (holder == match_keys_.end() || holder->second == change.name) continue;
    outcome.verdict = Verdict::kMatchKeyTaken;
    outcome.field = kind.substr(kind.rfind('.') + 1);
    outcome.holder = holder->second;
    return outcome;
  }
  return std::nullopt;
}

void MemoryStore::Apply(const Unit& unit) {
  for (const RecordChange& change : unit.changes) ApplyChange(unit, change);
  if (unit.request.has_value()) {
    requests_[{unit.call->principal.tenant, unit.request->id}] = {unit.request->hash,
                                                                  unit.request->answer};
  }
}

void MemoryStore::ApplyChange(const Unit& unit, const RecordChange& change) {
  const TenantId& tenant = unit.call->principal.tenant;
  for (const auto& [kind, key] : change.removed_keys) match_keys_.erase({tenant, kind, key});
  for (const auto& [kind, key] : change.added_keys) match_keys_[{tenant, kind, key}] = change.name;
  const auto* deleted = change.declaration->delete_time_field();
  const bool is_deleted =
      deleted != nullptr && change.after->GetReflection()->HasField(*change.after, deleted);
  records_[{tenant, change.name}] = {change.after, change.version, is_deleted};

  events::JournalEntry entry;
  entry.position = {1, journal_.size() + 1, static_cast<std::int64_t>(journal_.size()) + 1};
  entry.create_time = unit.call->now;
  entry.tenant = tenant;
  entry.event_id = change.event_id;
  entry.name = change.name;
  entry.type = change.event_type;
  entry.resource_type = change.declaration->message()->full_name();
  entry.version = change.version;
  entry.kind = change.kind;
  entry.changed_fields = fmt::format("{}", fmt::join(change.changed_fields, ","));
  if (change.before != nullptr) {
    const Parts parts = Split(*change.before);
    entry.before_plain = parts.plain;
    entry.before_personal = parts.personal;
  }
  const Parts parts = Split(*change.after);
  entry.after_plain = parts.plain;
  entry.after_personal = parts.personal;
  entry.detail = change.detail;
  entry.actor = unit.call->principal.name;
  entry.method = unit.call->method;
  entry.request_id = unit.request.has_value() ? unit.request->id.ToString() : "";
  entry.cause = unit.call->cause;
  entry.traceparent = unit.call->trace.ToTraceparent();
  journal_.push_back(std::move(entry));
}

std::vector<events::JournalEntry> MemoryStore::Journal() const {
  const std::lock_guard lock(mutex_);
  return journal_;
}

}  // namespace lotura::resource
