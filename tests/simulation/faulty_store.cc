#include "tests/simulation/faulty_store.h"

#include "libs/base/errors.h"

namespace lotura::simulation {
namespace {

using resource::Outcomes;
using resource::Unit;
using std::chrono::microseconds;

constexpr microseconds kStatementMin{100};
constexpr microseconds kStatementMax{3'000};
constexpr microseconds kSlowMin{10'000};
constexpr microseconds kSlowMax{400'000};

absl::Status InDoubt() {
  return Error(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT", "the connection was lost");
}

}  // namespace

absl::Status FaultyStore::Reach() {
  if (!process_.Travel() || process_.faults().Strikes(Fault::kConnectionRefused))
    return Unreachable("the database");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::optional<resource::Record>>> FaultyStore::Load(
    const resource::Declaration& declaration, const TenantId& tenant,
    std::span<const std::string> names, Deadline deadline) {
  LOTURA_RETURN_IF_ERROR(Reach());
  auto records = store_.Load(declaration, tenant, names, deadline);
  LOTURA_RETURN_IF_ERROR(Reach());
  return records;
}

absl::StatusOr<std::optional<resource::StoredRequest>> FaultyStore::FindRequest(
    const TenantId& tenant, const Uuid& request_id, Deadline deadline) {
  LOTURA_RETURN_IF_ERROR(Reach());
  auto found = store_.FindRequest(tenant, request_id, deadline);
  LOTURA_RETURN_IF_ERROR(Reach());
  return found;
}

absl::StatusOr<resource::Outcome> FaultyStore::Check(const Unit& unit, Deadline deadline) {
  LOTURA_RETURN_IF_ERROR(Reach());
  auto outcome = store_.Check(unit, deadline);
  LOTURA_RETURN_IF_ERROR(Reach());
  return outcome;
}

Outcomes FaultyStore::Commit(std::span<const Unit> units, Deadline deadline) {
  Faults& faults = process_.faults();
  if (const absl::Status reached = Reach(); !reached.ok()) return {units.size(), reached};
  World& world = process_.world();
  const std::uint64_t transaction = database_.Begin();
  world.Note("{} begins {} with {} units", process_.name(), transaction, units.size());
  if (faults.Strikes(Fault::kOutcomeNotFound)) {
    CommitLater(transaction, units);
    static_cast<void>(process_.Travel());
    return {units.size(), InDoubt()};
  }
  world.Pause(faults.Strikes(Fault::kSlowTransaction)
                  ? world.chance().Span(kSlowMin, kSlowMax)
                  : world.chance().Span(kStatementMin, kStatementMax));
  if (faults.Strikes(Fault::kLostBeforeCommit)) {
    database_.Rollback(transaction);
    return Settle(units, deadline);
  }
  // The server does not ask whether its caller is still there.
  Outcomes outcomes = database_.Commit(transaction, store_, units);
  if (!process_.Travel()) return {units.size(), Unreachable("the database")};
  if (faults.Strikes(Fault::kLostAfterCommit)) return Settle(units, deadline);
  return outcomes;
}

void FaultyStore::CommitLater(std::uint64_t transaction, std::span<const Unit> units) {
  World& world = process_.world();
  world.After(world.chance().Span(kSlowMin, kSlowMax),
              [&database = database_, &store = store_, transaction,
               kept = std::vector<Unit>(units.begin(), units.end())] {
                database.Commit(transaction, store, kept);
              });
}

Outcomes FaultyStore::Settle(std::span<const Unit> units, Deadline deadline) {
  Outcomes outcomes;
  for (const Unit& unit : units) {
    if (!unit.request.has_value()) {
      outcomes.emplace_back(InDoubt());
      continue;
    }
    const auto found = FindRequest(unit.call->principal.tenant, unit.request->id, deadline);
    if (!found.ok()) {
      outcomes.emplace_back(InDoubt());
    } else if (found->has_value()) {
      outcomes.emplace_back(resource::RepetitionOf(**found, *unit.request));
    } else {
      outcomes.push_back(std::move(Commit({&unit, 1}, deadline).front()));
    }
  }
  return outcomes;
}

absl::StatusOr<resource::Outcome> FaultyStore::CommitRows(const resource::Chunk& /*chunk*/,
                                                          const resource::AnswerOfRows& /*answer*/,
                                                          Deadline /*deadline*/) {
  return Internal("nothing is imported in a simulation");
}

absl::StatusOr<resource::Outcomes> FaultyStore::CheckRows(const resource::Chunk& /*chunk*/,
                                                          Deadline /*deadline*/) {
  return Internal("nothing is imported in a simulation");
}

}  // namespace lotura::simulation
