// Records in PostgreSQL.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "libs/pg/database.h"
#include "libs/resource/batch.h"
#include "libs/resource/codec.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// Declarations outlive the store.
class PgStore final : public Store {
 public:
  // `writes` was opened with PlanFor::kWrites.
  PgStore(pg::Database& reads, pg::Database& writes, const Clock& clock, std::span<const Declaration* const> declarations);

  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration, const TenantId& tenant,
                                                          std::span<const std::string> names, Deadline deadline) override;
  absl::StatusOr<std::optional<StoredRequest>> FindRequest(const TenantId& tenant, const Uuid& request_id, Deadline deadline) override;
  std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units, Deadline deadline) override;

 private:
  // What is known of a declaration from the start.
  struct Table {
    const Declaration* declaration;
    Codec codec;
    std::string load;
    std::string create;
    std::string update;
    std::string load_name;
    std::string create_name;
    std::string update_name;

    explicit Table(const Declaration& record_type);
  };
  using Results = std::vector<absl::StatusOr<Outcome>>;

  const Table& TableOf(const Declaration& declaration) const;
  // One statement for all units: each of them creates records, or changes one record, of the same declaration.
  Results CommitTogether(std::span<const Unit> units, Deadline deadline);
  // After a failure of the statement as a whole: once more, then in halves, so that the bad unit is found.
  Results Narrow(std::span<const Unit> units, const absl::Status& failure, Deadline deadline);
  absl::StatusOr<Outcome> CommitAlone(const Unit& unit, Deadline deadline);
  // A unit that has a request and changes nothing.
  absl::StatusOr<Outcome> Remember(const Unit& unit, Deadline deadline);
  // Finds out what became of units whose commit was in doubt, and runs again what was not committed.
  Results Settle(std::span<const Unit> units, const absl::Status& doubt, Deadline deadline);
  absl::Status WaitForBackendToEnd(std::int64_t backend, Deadline deadline);
  absl::StatusOr<Results> RunStatement(pg::Tx& tx, std::span<const Unit> units) const;

  pg::Database& reads_;
  pg::Database& writes_;
  const Clock& clock_;
  std::map<const Declaration*, Table> tables_;
};

}  // namespace lotura::resource
