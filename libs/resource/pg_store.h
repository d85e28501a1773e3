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
  PgStore(pg::Database& reads, pg::Database& writes, const Clock& clock,
          std::span<const Declaration* const> declarations);

  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration,
                                                          const TenantId& tenant,
                                                          std::span<const std::string> names,
                                                          Deadline deadline) override;
  absl::StatusOr<std::optional<StoredRequest>> FindRequest(const TenantId& tenant,
                                                           const Uuid& request_id,
                                                           Deadline deadline) override;
  std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units,
                                              Deadline deadline) override;
  absl::StatusOr<Outcome> Check(const Unit& unit, Deadline deadline) override;

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
  // Units of equal parts that can share, or a single one: one statement for each part, in one
  // transaction if there are several.
  Results CommitTogether(std::span<const Unit> units, Deadline deadline);
  // ABORTED UNIT_REFUSED if a unit was refused that had written already; then nothing is written.
  absl::StatusOr<Results> RunTogether(std::span<const Unit> units, Outcome& refused,
                                      Deadline deadline);
  // After a failure of the statement as a whole: once more, then in halves, so that the bad unit is
  // found.
  Results Narrow(std::span<const Unit> units, const absl::Status& failure, Deadline deadline);
  // A unit that has a request and changes nothing.
  absl::StatusOr<Outcome> Remember(const Unit& unit, Deadline deadline);
  // Finds out what became of units whose commit was in doubt, and runs again what was not
  // committed.
  Results Settle(std::span<const Unit> units, const absl::Status& doubt, Deadline deadline);
  absl::Status WaitForBackendToEnd(std::int64_t backend, Deadline deadline);
  // The statement of one part over those units that were not refused so far; fills in who is
  // refused now.
  void RunPart(pg::Tx& tx, const Part& part, WithRequests with_requests,
               std::span<const Unit> units, Results& results) const;

  pg::Database& reads_;
  pg::Database& writes_;
  const Clock& clock_;
  std::map<const Declaration*, Table> tables_;
};

}  // namespace lotura::resource
