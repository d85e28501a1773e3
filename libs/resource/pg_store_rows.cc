// How the rows of a chunk are written, of which some may be refused.
#include <algorithm>

#include "libs/base/check.h"
#include "libs/resource/pg_store.h"
#include "libs/resource/row_rounds.h"

namespace lotura::resource {
namespace {

constexpr char kOnlyTried[] = "ONLY_TRIED";
constexpr char kRefusedLate[] = "UNIT_REFUSED";
constexpr char kChunkKnown[] = "CHUNK_KNOWN";

bool IsCommitted(const absl::StatusOr<Outcome>& result) {
  return result->verdict == Verdict::kCommitted;
}

// Reads who is refused; a name counts before a match key.
void ReadInTheWay(const pg::Rows& found, const Bulk& bulk, Outcomes& results) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool is_name = found.Text(i, 0) == "N";
    const auto place = static_cast<std::size_t>(found.Int(i, 1)) - 1;
    const BulkPlace& change = is_name ? bulk.record_places()[place] : bulk.key_places()[place];
    if (!IsCommitted(results[change.unit])) continue;
    Outcome outcome;
    outcome.verdict = is_name ? Verdict::kNameTaken : Verdict::kMatchKeyTaken;
    outcome.change = change.ord;
    if (!is_name) outcome.field = FieldOfKind(found.Text(i, 2));
    outcome.holder = found.String(i, 3);
    results[change.unit] = std::move(outcome);
  }
}

// The rows of those that are not refused.
std::vector<std::size_t> Kept(std::span<const BulkPlace> places, const Outcomes& results) {
  std::vector<std::size_t> kept;
  kept.reserve(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (IsCommitted(results[places[i].unit])) kept.push_back(i);
  }
  return kept;
}

}  // namespace

// What the first part creates, for a round that all rows share.
struct PgStore::Encoded final : EncodedRows {
  explicit Encoded(Bulk made) : bulk(std::move(made)) {}

  const Bulk bulk;
};

void PgStore::EncodeRows(Chunk& chunk) {
  if (chunk.rows.empty()) return;
  const Part part = PartsOf(chunk.rows.front()).front();
  if (part.statement != Statement::kCreate) return;
  const Table& table = TableOf(*part.declaration);
  const Results all(chunk.rows.size(), Outcome());
  chunk.encoded = std::make_unique<Encoded>(
      Bulk(*table.declaration, table.codec, ChangesOf(part, chunk.rows, all)));
}

absl::StatusOr<Outcome> PgStore::CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                            Deadline deadline) {
  const TenantId& tenant = chunk.call->principal.tenant;
  Request request = chunk.request;
  const Attempt attempt = [&](Failing& failing, Look look) {
    return writes_.Write(deadline, [&](pg::Tx& tx) -> absl::Status {
      LOTURA_ASSIGN_OR_RETURN(const Results results,
                              WriteRows(tx, chunk.rows, failing, look, chunk.encoded.get()));
      LOTURA_ASSIGN_OR_RETURN(request.answer, answer_of(results));
      if (RememberIn(tx, tenant, request)) return absl::OkStatus();
      return Aborted(kChunkKnown, "the chunk was committed before");
    });
  };
  const absl::Status status = RunRows(chunk.rows, attempt, deadline);
  const std::string reason = ReasonOf(status);
  if (reason == "COMMIT_IN_DOUBT") return SettleRows(chunk, answer_of, status, deadline);
  if (reason == kChunkKnown) {
    LOTURA_ASSIGN_OR_RETURN(const auto known, FindRequest(tenant, request.id, deadline));
    if (known.has_value()) return RepetitionOf(*known, request);
  }
  LOTURA_RETURN_IF_ERROR(status);
  if (chunk.written) chunk.written();
  Outcome committed;
  committed.answer = std::move(request.answer);
  return committed;
}

absl::StatusOr<Outcomes> PgStore::CheckRows(const Chunk& chunk, Deadline deadline) {
  Outcomes outcomes;
  const Attempt attempt = [&](Failing& failing, Look /*look*/) -> absl::Status {
    LOTURA_ASSIGN_OR_RETURN(outcomes, TryRows(chunk.rows, failing, deadline));
    return absl::OkStatus();
  };
  LOTURA_RETURN_IF_ERROR(RunRows(chunk.rows, attempt, deadline));
  return outcomes;
}

absl::Status PgStore::RunRows(std::span<const Unit> rows, const Attempt& attempt,
                              Deadline deadline) {
  Failing failing;
  Look look = LookOfNext();
  int races = 0;
  for (;;) {
    const absl::Status status = attempt(failing, look);
    const std::string reason = ReasonOf(status);
    // More is known to fail now.
    if (reason == kRefusedLate) continue;
    if (reason == "UNIQUE_VIOLATION") {
      const bool looked = std::exchange(look, Look::kYes) == Look::kYes;
      // A key that another transaction took meanwhile is visible to the next attempt.
      if (!looked || ++races < kRacesMax) continue;
    }
    if (status.ok() || !IsAboutARow(status)) return status;
    const std::size_t known = failing.size();
    LOTURA_RETURN_IF_ERROR(FindFailing(rows, 0, failing, deadline));
    if (failing.size() > known) continue;
    return races < kRacesMax
               ? status
               : Aborted("CONFLICT", "others took names or keys of the rows again and again");
  }
}

PgStore::Look PgStore::LookOfNext() {
  const int left = looks_left_.load();
  if (left == 0) return Look::kNo;
  // Chunks of other imports may count at the same time; how long is not exact.
  looks_left_.store(left - 1);
  return Look::kYes;
}

absl::StatusOr<PgStore::Results> PgStore::WriteRows(pg::Tx& tx, std::span<const Unit> rows,
                                                    Failing& failing, Look look,
                                                    const EncodedRows* encoded) {
  RowRounds rounds(rows);
  for (const auto& [row, outcome] : failing) rounds.Decide(row, outcome);
  std::size_t refused_late = 0;
  for (auto round = rounds.Next(); !round.empty(); round = rounds.Next()) {
    std::vector<Unit> some;
    if (round.size() < rows.size()) {
      for (const std::size_t row : round) some.push_back(rows[row]);
    }
    const std::span<const Unit> units = some.empty() ? rows : some;
    Results results(units.size(), Outcome());
    std::vector<std::size_t> late;
    const bool is_encoded = some.empty() && encoded != nullptr;
    WriteRound({tx, units, results, look}, late,
               is_encoded ? &static_cast<const Encoded*>(encoded)->bulk : nullptr);
    for (const std::size_t place : late) failing.insert_or_assign(round[place], results[place]);
    refused_late += late.size();
    for (std::size_t place = 0; place < round.size(); ++place)
      rounds.Decide(round[place], std::move(results[place]));
  }
  if (refused_late == 0) return rounds.Outcomes();
  return Aborted(kRefusedLate, "a row was refused after a part of it was written");
}

void PgStore::WriteRound(const Round& round, std::vector<std::size_t>& late, const Bulk* encoded) {
  const auto& [tx, units, results, look] = round;
  const std::vector<Part> parts = PartsOf(units.front());
  WritePart(round, parts.front(), encoded);
  // What the first part refuses wrote nothing, unless the part changes several records of a row.
  std::vector<bool> written(units.size());
  for (std::size_t i = 0; i < units.size(); ++i)
    written[i] = IsCommitted(results[i]) || !CanShare(units[i]);
  for (const Part& part : std::span(parts).subspan(1)) WritePart(round, part);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (written[i] && !IsCommitted(results[i])) late.push_back(i);
  }
}

void PgStore::WritePart(const Round& round, const Part& part, const Bulk* encoded) {
  if (part.statement == Statement::kUpdate)
    return RunPart(round.tx, part, WithRequests::kNo, round.units, round.results);
  const Table& table = TableOf(*part.declaration);
  if (encoded != nullptr) return CreateMany(round, table, *encoded);
  const std::vector<NumberedChange> changes = ChangesOf(part, round.units, round.results);
  if (!changes.empty()) CreateMany(round, table, Bulk(*table.declaration, table.codec, changes));
}

void PgStore::CreateMany(const Round& round, const Table& table, const Bulk& bulk) {
  const auto& [tx, units, results, look] = round;
  if (look == Look::kYes) {
    const pg::Rows found =
        tx.RunBuilt(table.in_the_way_name.c_str(), table.bulk.in_the_way, bulk.NamesAndKeys());
    ReadInTheWay(found, bulk, results);
    if (!found.empty()) looks_left_.store(kLooks);
  }
  const std::vector<std::size_t> records = Kept(bulk.record_places(), results);
  const std::vector<std::size_t> keys = Kept(bulk.key_places(), results);
  if (records.empty()) return;
  if (!keys.empty())
    tx.RunBuilt(table.insert_keys_name.c_str(), table.bulk.insert_keys, bulk.Keys(keys));
  tx.Copy(table.copy_records_name.c_str(), table.bulk.copy_records, bulk.records(), records);
  tx.RunBuilt(table.insert_journal_name.c_str(), table.bulk.insert_journal, bulk.Journal(records));
}

absl::StatusOr<PgStore::Results> PgStore::TryRows(std::span<const Unit> rows, Failing& failing,
                                                  Deadline deadline) {
  Results results;
  const absl::Status ended = writes_.Write(deadline, [&](pg::Tx& tx) -> absl::Status {
    LOTURA_ASSIGN_OR_RETURN(results, WriteRows(tx, rows, failing, Look::kYes));
    // An error rolls back.
    return Aborted(kOnlyTried, "the rows were only tried out");
  });
  if (ReasonOf(ended) == kOnlyTried) return results;
  return ended;
}

absl::Status PgStore::FindFailing(std::span<const Unit> rows, std::size_t first, Failing& failing,
                                  Deadline deadline) {
  Failing here;
  for (auto known = failing.lower_bound(first);
       known != failing.end() && known->first < first + rows.size(); ++known)
    here.emplace(known->first - first, known->second);
  if (here.size() == rows.size()) return absl::OkStatus();
  absl::Status status;
  do {
    status = TryRows(rows, here, deadline).status();
  } while (ReasonOf(status) == kRefusedLate);
  if (status.ok() || !IsAboutARow(status)) return status;
  if (rows.size() == 1) {
    failing.insert_or_assign(first, OutcomeOf(status));
    return absl::OkStatus();
  }
  const std::size_t half = rows.size() / 2;
  LOTURA_RETURN_IF_ERROR(FindFailing(rows.first(half), first, failing, deadline));
  return FindFailing(rows.subspan(half), first + half, failing, deadline);
}

absl::StatusOr<Outcome> PgStore::SettleRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                            const absl::Status& doubt, Deadline deadline) {
  const auto metadata = InfoOf(doubt).metadata;
  if (!WaitForBackendToEnd(std::stoll(metadata.at("backend")), deadline).ok())
    return Error(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT",
                 "it could not be found out in time whether the chunk was committed");
  LOTURA_ASSIGN_OR_RETURN(const auto found,
                          FindRequest(chunk.call->principal.tenant, chunk.request.id, deadline));
  return found.has_value() ? absl::StatusOr<Outcome>(RepetitionOf(*found, chunk.request))
                           : CommitRows(chunk, answer_of, deadline);
}

}  // namespace lotura::resource
