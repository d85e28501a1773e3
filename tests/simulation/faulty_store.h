// The database as one process reaches it.
#pragma once

#include "tests/simulation/database.h"
#include "tests/simulation/process.h"

namespace lotura::simulation {

// Every call takes a while, and may find the database gone or lose its connection on the way. What
// the contract of the seam then asks of a store it does as PgStore does: a commit whose answer was
// lost is found out by its request, and what has no request stays in doubt.
class FaultyStore final : public resource::Store {
 public:
  // `store` is that of the database, or a mutant before it.
  FaultyStore(Process& process, Database& database, resource::Store& store)
      : process_(process), database_(database), store_(store) {}

  absl::StatusOr<std::vector<std::optional<resource::Record>>> Load(
      const resource::Declaration& declaration, const TenantId& tenant,
      std::span<const std::string> names, Deadline deadline) override;
  absl::StatusOr<std::optional<resource::StoredRequest>> FindRequest(const TenantId& tenant,
                                                                     const Uuid& request_id,
                                                                     Deadline deadline) override;
  absl::StatusOr<resource::Outcome> Check(const resource::Unit& unit, Deadline deadline) override;
  resource::Outcomes Commit(std::span<const resource::Unit> units, Deadline deadline) override;
  absl::StatusOr<resource::Outcome> CommitRows(const resource::Chunk& chunk,
                                               const resource::AnswerOfRows& answer_of,
                                               Deadline deadline) override;
  absl::StatusOr<resource::Outcomes> CheckRows(const resource::Chunk& chunk,
                                               Deadline deadline) override;

 private:
  // To the database; an error if it cannot be reached.
  absl::Status Reach();
  // The server goes on with a transaction whose caller is gone.
  void CommitLater(std::uint64_t transaction, std::span<const resource::Unit> units);
  // The server has ended with the transaction, one way or the other.
  resource::Outcomes Settle(std::span<const resource::Unit> units, Deadline deadline);

  Process& process_;
  Database& database_;
  resource::Store& store_;
};

}  // namespace lotura::simulation
