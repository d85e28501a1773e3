// Records in PostgreSQL.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "libs/pg/database.h"
#include "libs/resource/batch.h"
#include "libs/resource/bulk.h"
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
  void EncodeRows(Chunk& chunk) override;
  absl::StatusOr<Outcome> CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                     Deadline deadline) override;
  absl::StatusOr<Outcomes> CheckRows(const Chunk& chunk, Deadline deadline) override;

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
    BulkStatements bulk;
    std::string in_the_way_name;
    std::string insert_keys_name;
    std::string copy_records_name;
    std::string insert_journal_name;

    explicit Table(const Declaration& record_type);
  };
  using Results = Outcomes;
  // Rows of a chunk that are known to fail, by their places.
  using Failing = std::map<std::size_t, absl::StatusOr<Outcome>>;
  struct Encoded;
  // Whether what is in the way of new records is looked for before they are written. If not, it
  // fails the whole transaction with UNIQUE_VIOLATION.
  enum class Look { kNo, kYes };
  // One transaction over the rows of a chunk but those that fail.
  using Attempt = std::function<absl::Status(Failing& failing, Look look)>;
  // Rows of a chunk that are written together, and what becomes of them.
  struct Round {
    pg::Tx& tx;
    std::span<const Unit> units;
    Results& results;
    Look look;
  };

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
  // False for a request that is known already.
  bool RememberIn(pg::Tx& tx, const TenantId& tenant, const Request& request) const;
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

  // Those about the rows of chunks stand in pg_store_rows.cc.
  // Makes attempts until no row fails the statements as a whole.
  absl::Status RunRows(std::span<const Unit> rows, const Attempt& attempt, Deadline deadline);
  // Writes the rows in rounds. ABORTED UNIT_REFUSED, with more that fails, if a row was refused
  // after a part of it was written.
  absl::StatusOr<Results> WriteRows(pg::Tx& tx, std::span<const Unit> rows, Failing& failing,
                                    Look look, const EncodedRows* encoded = nullptr);
  void WriteRound(const Round& round, std::vector<std::size_t>& late, const Bulk* encoded);
  // One part of a round. `encoded` is what it creates, if that is known already.
  void WritePart(const Round& round, const Part& part, const Bulk* encoded = nullptr);
  // Creates what nothing is in the way of; fills in who is refused.
  void CreateMany(const Round& round, const Table& table, const Bulk& bulk);
  // For the first attempt at a chunk.
  Look LookOfNext();
  // Writes the rows and takes it back.
  absl::StatusOr<Results> TryRows(std::span<const Unit> rows, Failing& failing, Deadline deadline);
  // Tries the rows in halves until each that fails the statements as a whole is found.
  absl::Status FindFailing(std::span<const Unit> rows, std::size_t first, Failing& failing,
                           Deadline deadline);
  // What became of a chunk whose commit was in doubt.
  absl::StatusOr<Outcome> SettleRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                     const absl::Status& doubt, Deadline deadline);

  // How often a statement runs that loses a name or a key to another transaction; each time it may
  // be another one.
  static constexpr int kRacesMax = 4;
  // How many chunks look first after one that found something in its way.
  static constexpr int kLooks = 32;
  // True for the failure of a statement as a whole that one of its rows brought about.
  static bool IsAboutARow(const absl::Status& failure);
  // Of a row that alone fails its statement.
  static absl::StatusOr<Outcome> OutcomeOf(const absl::Status& failure);

  pg::Database& reads_;
  pg::Database& writes_;
  const Clock& clock_;
  std::map<const Declaration*, Table> tables_;
  // So many chunks look first: one of those before them held what is stored already, and others of
  // the same import may, too.
  std::atomic<int> looks_left_ = 0;
};

}  // namespace lotura::resource
