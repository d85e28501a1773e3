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
    const auto record = content_.records.find({tenant, name});
    found.push_back(record == content_.records.end() ? std::nullopt
                                                     : std::optional(record->second));
  }
  return found;
}

absl::StatusOr<std::optional<StoredRequest>> MemoryStore::FindRequest(const TenantId& tenant,
                                                                      const Uuid& request_id,
                                                                      Deadline) {
  const std::lock_guard lock(mutex_);
  const auto found = content_.requests.find({tenant, request_id});
  return found == content_.requests.end() ? std::nullopt : std::optional(found->second);
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

absl::StatusOr<Outcome> MemoryStore::CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                                Deadline) {
  auto outcome = WriteRows(chunk, answer_of);
  if (outcome.ok() && outcome->verdict == Verdict::kCommitted && chunk.written) chunk.written();
  return outcome;
}

absl::StatusOr<Outcome> MemoryStore::WriteRows(const Chunk& chunk, const AnswerOfRows& answer_of) {
  const std::lock_guard lock(mutex_);
  const auto key = std::pair(chunk.call->principal.tenant, chunk.request.id);
  const auto known = content_.requests.find(key);
  if (known != content_.requests.end()) return RepetitionOf(known->second, chunk.request);
  const Content before = content_;
  auto answer = answer_of(ApplyRows(chunk.rows));
  if (!answer.ok()) {
    content_ = before;
    return answer.status();
  }
  Outcome committed;
  committed.answer = *std::move(answer);
  content_.requests[key] = {chunk.request.hash, committed.answer};
  return committed;
}

absl::StatusOr<Outcomes> MemoryStore::CheckRows(const Chunk& chunk, Deadline) {
  const std::lock_guard lock(mutex_);
  const Content before = content_;
  Outcomes outcomes = ApplyRows(chunk.rows);
  content_ = before;
  return outcomes;
}

Outcomes MemoryStore::ApplyRows(std::span<const Unit> rows) {
  Outcomes outcomes;
  for (const Unit& row : rows) {
    std::optional<Outcome> refused;
    for (std::size_t i = 0; i < row.changes.size() && !refused.has_value(); ++i)
      refused = RefuseChange(row, i);
    if (!refused.has_value()) {
      for (const RecordChange& change : row.changes) ApplyChange(row, change);
    }
    outcomes.emplace_back(refused.value_or(Outcome()));
  }
  return outcomes;
}

std::optional<Outcome> MemoryStore::Refuse(const Unit& unit) const {
  if (unit.request.has_value()) {
    const auto known = content_.requests.find({unit.call->principal.tenant, unit.request->id});
    if (known != content_.requests.end()) return RepetitionOf(known->second, *unit.request);
  }
  for (std::size_t i = 0; i < unit.changes.size(); ++i) {
    if (auto refused = RefuseChange(unit, i)) return refused;
  }
  return std::nullopt;
}

std::optional<Outcome> MemoryStore::RefuseChange(const Unit& unit, std::size_t place) const {
  const RecordChange& change = unit.changes[place];
  const TenantId& tenant = unit.call->principal.tenant;
  const auto current = content_.records.find({tenant, change.name});
  Outcome outcome;
  outcome.change = place;
  if (change.version == 1 && current != content_.records.end()) {
    outcome.verdict = Verdict::kNameTaken;
    outcome.holder = change.name;
    return outcome;
  }
  if (change.version > 1 &&
      (current == content_.records.end() || current->second.version != change.version - 1)) {
    outcome.verdict = Verdict::kStale;
    return outcome;
  }
  for (const auto& [kind, key] : change.added_keys) {
    const auto holder = content_.match_keys.find({tenant, kind, key});
    if (holder == content_.match_keys.end() || holder->second == change.name) continue;
    outcome.verdict = Verdict::kMatchKeyTaken;
    outcome.field = FieldOfKind(kind);
    outcome.holder = holder->second;
    return outcome;
  }
  return std::nullopt;
}

void MemoryStore::Apply(const Unit& unit) {
  for (const RecordChange& change : unit.changes) ApplyChange(unit, change);
  if (unit.request.has_value()) {
    content_.requests[{unit.call->principal.tenant, unit.request->id}] = {unit.request->hash,
                                                                          unit.request->answer};
  }
}

void MemoryStore::ApplyChange(const Unit& unit, const RecordChange& change) {
  const TenantId& tenant = unit.call->principal.tenant;
  for (const auto& [kind, key] : change.removed_keys)
    content_.match_keys.erase({tenant, kind, key});
  for (const auto& [kind, key] : change.added_keys)
    content_.match_keys[{tenant, kind, key}] = change.name;
  const auto* deleted = change.declaration->delete_time_field();
  const bool is_deleted =
      deleted != nullptr && change.after->GetReflection()->HasField(*change.after, deleted);
  content_.records[{tenant, change.name}] = {change.after, change.version, is_deleted};

  events::JournalEntry entry;
  entry.position = {1, content_.journal.size() + 1,
                    static_cast<std::int64_t>(content_.journal.size()) + 1};
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
  content_.journal.push_back(std::move(entry));
}

std::vector<events::JournalEntry> MemoryStore::Journal(std::size_t seen) const {
  const std::lock_guard lock(mutex_);
  const auto first = std::min(seen, content_.journal.size());
  return {content_.journal.begin() + static_cast<std::ptrdiff_t>(first), content_.journal.end()};
}

}  // namespace lotura::resource
