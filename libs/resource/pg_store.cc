#include "libs/resource/pg_store.h"

#include <fmt/format.h>

#include <condition_variable>

#include "libs/base/check.h"
#include "libs/resource/periods.h"
#include "libs/resource/queries.sql.h"

namespace lotura::resource {
namespace {

// How often the server is asked whether a lost process has ended.
constexpr std::chrono::milliseconds kBackendPoll{10};

Verdict VerdictOf(std::string_view letter) {
  switch (letter.front()) {
    case 'R':
      return Verdict::kReplayed;
    case 'M':
      return Verdict::kRequestReused;
    case 'N':
      return Verdict::kNameTaken;
    case 'D':
      return Verdict::kMatchKeyTaken;
    case 'S':
      return Verdict::kStale;
    default:
      LOTURA_CHECK(false);
  }
}

// Reads the exceptions that a write statement returned into the outcomes of their units.
void ReadExceptions(const pg::Rows& rows, std::span<const NumberedChange> changes,
                    std::vector<absl::StatusOr<Outcome>>& results) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto unit = static_cast<std::size_t>(rows.Int(i, 0));
    if (results[unit]->verdict != Verdict::kCommitted) continue;
    Outcome outcome;
    outcome.verdict = VerdictOf(rows.Text(i, 1));
    outcome.change = changes[static_cast<std::size_t>(rows.Int(i, 2))].ord;
    if (!rows.IsNull(i, 3)) outcome.answer = {rows.Bytes(i, 3), rows.Bytes(i, 4)};
    if (!rows.IsNull(i, 5)) outcome.field = FieldOfKind(rows.Text(i, 5));
    if (!rows.IsNull(i, 6)) outcome.holder = rows.String(i, 6);
    results[unit] = std::move(outcome);
  }
}

std::size_t CountRefused(std::span<const absl::StatusOr<Outcome>> results) {
  return static_cast<std::size_t>(std::ranges::count_if(
      results, [](const auto& result) { return result->verdict != Verdict::kCommitted; }));
}

void Pause(std::chrono::milliseconds span) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, span);
}

}  // namespace

PgStore::Table::Table(const Declaration& record_type)
    : declaration(&record_type),
      codec(record_type),
      load(LoadStatement(record_type, codec)),
      create(CreateStatement(record_type, codec)),
      update(UpdateStatement(record_type, codec)),
      load_name(record_type.table() + ".Load"),
      create_name(record_type.table() + ".Create"),
      update_name(record_type.table() + ".Update"),
      bulk(record_type, codec),
      in_the_way_name(record_type.table() + ".FindInTheWay"),
      insert_keys_name(record_type.table() + ".InsertKeys"),
      copy_records_name(record_type.table() + ".CopyRecords"),
      insert_journal_name(record_type.table() + ".InsertJournal") {}

PgStore::PgStore(pg::Database& reads, pg::Database& writes, const Clock& clock,
                 std::span<const Declaration* const> declarations)
    : reads_(reads), writes_(writes), clock_(clock) {
  for (const Declaration* declaration : declarations)
    tables_.try_emplace(declaration, *declaration);
}

const PgStore::Table& PgStore::TableOf(const Declaration& declaration) const {
  const auto found = tables_.find(&declaration);
  LOTURA_CHECK(found != tables_.end());
  return found->second;
}

absl::StatusOr<std::vector<std::optional<Record>>> PgStore::Load(const Declaration& declaration,
                                                                 const TenantId& tenant,
                                                                 std::span<const std::string> names,
                                                                 Deadline deadline) {
  const Table& table = TableOf(declaration);
  return reads_.Read(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<std::optional<Record>>> {
        const pg::Rows rows = tx.RunBuilt(table.load_name.c_str(), table.load,
                                          pg::Params().Tenant(tenant).Texts(names));
        std::map<std::string, Record, std::less<>> found;
        for (std::size_t i = 0; i < rows.size(); ++i)
          found.emplace(rows.Text(i, 0), table.codec.ReadRow(rows, i));
        std::vector<std::optional<Record>> records;
        for (const std::string& name : names) {
          const auto record = found.find(name);
          records.push_back(record == found.end() ? std::nullopt : std::optional(record->second));
        }
        return records;
      });
}

absl::StatusOr<std::optional<StoredRequest>> PgStore::FindRequest(const TenantId& tenant,
                                                                  const Uuid& request_id,
                                                                  Deadline deadline) {
  return reads_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::optional<StoredRequest>> {
    const pg::Rows rows = tx.Run(sql::kFindRequest, pg::Params().Tenant(tenant).Id(request_id));
    if (rows.empty()) return std::nullopt;
    StoredRequest found;
    const std::string hash = rows.Bytes(0, 0);
    LOTURA_CHECK(hash.size() == found.hash.size());
    std::ranges::copy(hash, found.hash.begin());
    found.answer = {rows.Bytes(0, 1), rows.Bytes(0, 2)};
    return found;
  });
}

PgStore::Results PgStore::Commit(std::span<const Unit> units, Deadline deadline) {
  if (units.empty()) return {};
  const bool together = std::ranges::all_of(units, [&](const Unit& unit) {
    return CanShare(unit) && PartsOf(unit) == PartsOf(units.front());
  });
  if (together) return CommitTogether(units, deadline);
  Results results;
  for (const Unit& unit : units)
    results.push_back(unit.changes.empty() ? Remember(unit, deadline)
                                           : CommitTogether({&unit, 1}, deadline).front());
  return results;
}

void PgStore::RunPart(pg::Tx& tx, const Part& part, WithRequests with_requests,
                      std::span<const Unit> units, Results& results) const {
  const Table& table = TableOf(*part.declaration);
  const std::vector<NumberedChange> changes = ChangesOf(part, units, results);
  if (changes.empty()) return;
  const bool creates = part.statement == Statement::kCreate;
  const pg::Params params =
      ParamsOf(*table.declaration, table.codec, changes, with_requests, clock_.Now());
  ReadExceptions(tx.RunBuilt(creates ? table.create_name.c_str() : table.update_name.c_str(),
                             creates ? table.create : table.update, params),
                 changes, results);
}

absl::StatusOr<PgStore::Results> PgStore::RunTogether(std::span<const Unit> units, Outcome& refused,
                                                      Deadline deadline) {
  const std::vector<Part> parts = PartsOf(units.front());
  if (parts.size() == 1 && CanShare(units.front())) {
    return writes_.WriteOne(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Results> {
      Results results(units.size(), Outcome());
      RunPart(tx, parts.front(), WithRequests::kYes, units, results);
      return results;
    });
  }
  return writes_.Write(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Results> {
    Results results(units.size(), Outcome());
    RunPart(tx, parts.front(), WithRequests::kYes, units, results);
    // A unit of several that the first part refuses wrote nothing; a later refusal would leave its
    // first part behind.
    const std::size_t refused_at_once = units.size() > 1 ? CountRefused(results) : 0;
    for (const Part& part : std::span(parts).subspan(1))
      RunPart(tx, part, WithRequests::kNo, units, results);
    if (CountRefused(results) == refused_at_once) return results;
    refused = *results.front();
    return Aborted("UNIT_REFUSED", "a unit was refused after a part of it was written");
  });
}

PgStore::Results PgStore::CommitTogether(std::span<const Unit> units, Deadline deadline) {
  Outcome refused;
  absl::StatusOr<Results> results = RunTogether(units, refused, deadline);
  // A key that another transaction took meanwhile is visible to the next attempt, which names it.
  for (int race = 1; race < kRacesMax && ReasonOf(results.status()) == "UNIQUE_VIOLATION"; ++race)
    results = RunTogether(units, refused, deadline);
  if (results.ok()) return std::move(*results);
  const std::string reason = ReasonOf(results.status());
  if (reason == "COMMIT_IN_DOUBT") return Settle(units, results.status(), deadline);
  if (reason != "UNIT_REFUSED") return Narrow(units, results.status(), deadline);
  if (units.size() == 1) return Results(1, refused);
  Results alone;
  for (const Unit& unit : units) alone.push_back(CommitTogether({&unit, 1}, deadline).front());
  return alone;
}

absl::StatusOr<Outcome> PgStore::Check(const Unit& unit, Deadline deadline) {
  constexpr char kOnlyChecked[] = "ONLY_CHECKED";
  Results results(1, Outcome());
  const absl::Status ended = writes_.Write(deadline, [&](pg::Tx& tx) -> absl::Status {
    results.assign(1, Outcome());
    auto with_requests = WithRequests::kYes;
    for (const Part& part : PartsOf(unit)) {
      RunPart(tx, part, with_requests, {&unit, 1}, results);
      with_requests = WithRequests::kNo;
    }
    // An error rolls back.
    return Aborted(kOnlyChecked, "the unit was only tried out");
  });
  if (ReasonOf(ended) == kOnlyChecked) return results.front();
  return Narrow({&unit, 1}, ended, deadline).front();
}

bool PgStore::IsAboutARow(const absl::Status& failure) {
  return failure.code() == absl::StatusCode::kAlreadyExists ||
         failure.code() == absl::StatusCode::kFailedPrecondition ||
         failure.code() == absl::StatusCode::kInvalidArgument;
}

absl::StatusOr<Outcome> PgStore::OutcomeOf(const absl::Status& failure) {
  if (ReasonOf(failure) != "REFERENCE_VIOLATION") return failure;
  Outcome gone;
  gone.verdict = Verdict::kReferenceGone;
  return gone;
}

PgStore::Results PgStore::Narrow(std::span<const Unit> units, const absl::Status& failure,
                                 Deadline deadline) {
  if (!IsAboutARow(failure)) return Results(units.size(), failure);
  if (units.size() == 1) return Results(1, OutcomeOf(failure));
  const std::size_t half = units.size() / 2;
  Results results = CommitTogether(units.first(half), deadline);
  Results rest = CommitTogether(units.subspan(half), deadline);
  std::move(rest.begin(), rest.end(), std::back_inserter(results));
  return results;
}

bool PgStore::RememberIn(pg::Tx& tx, const TenantId& tenant, const Request& request) const {
  pg::Array periods(pg::Type::kDate);
  for (const auto period : PeriodsToWrite(clock_.Now())) periods.Add(pg::binary::Date(period));
  return !tx.Run(sql::kRememberRequest,
                 pg::Params()
                     .Tenant(tenant)
                     .Id(request.id)
                     .Bytes(
                         {reinterpret_cast<const char*>(request.hash.data()), request.hash.size()})
                     .Bytes(request.answer.plain)
                     .Bytes(request.answer.personal)
                     .Add(periods))
              .empty();
}

absl::StatusOr<Outcome> PgStore::Remember(const Unit& unit, Deadline deadline) {
  LOTURA_CHECK(unit.request.has_value());
  const Request& request = *unit.request;
  const TenantId& tenant = unit.call->principal.tenant;
  const auto written = writes_.WriteOne(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    return RememberIn(tx, tenant, request);
  });
  if (ReasonOf(written.status()) == "COMMIT_IN_DOUBT")
    return Settle({&unit, 1}, written.status(), deadline).front();
  LOTURA_RETURN_IF_ERROR(written.status());
  if (*written) return Outcome();
  LOTURA_ASSIGN_OR_RETURN(const auto known, FindRequest(tenant, request.id, deadline));
  return known.has_value() ? RepetitionOf(*known, request) : Outcome();
}

PgStore::Results PgStore::Settle(std::span<const Unit> units, const absl::Status& doubt,
                                 Deadline deadline) {
  const auto metadata = InfoOf(doubt).metadata;
  const absl::Status ended = WaitForBackendToEnd(std::stoll(metadata.at("backend")), deadline);
  if (!ended.ok())
    return Results(units.size(),
                   Error(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT",
                         "it could not be found out in time whether the write was committed"));
  Results results;
  for (const Unit& unit : units) {
    if (!unit.request.has_value()) {
      results.emplace_back(doubt);
      continue;
    }
    const auto found = FindRequest(unit.call->principal.tenant, unit.request->id, deadline);
    if (!found.ok()) {
      results.emplace_back(doubt);
    } else if (!found->has_value()) {
      results.push_back(Commit({&unit, 1}, deadline).front());
    } else {
      results.emplace_back(RepetitionOf(**found, *unit.request));
    }
  }
  return results;
}

absl::Status PgStore::WaitForBackendToEnd(std::int64_t backend, Deadline deadline) {
  while (!deadline.Passed()) {
    const auto alive = reads_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
      return tx.Run(sql::kBackendIsAlive, pg::Params().Int(backend)).Int(0, 0) > 0;
    });
    // While the server restarts it cannot be asked; afterwards the process is gone.
    if (alive.ok() && !*alive) return absl::OkStatus();
    Pause(kBackendPoll);
  }
  return DeadlineExceeded("the lost database process did not end in time");
}

}  // namespace lotura::resource
