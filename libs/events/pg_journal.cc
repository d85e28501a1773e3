#include "libs/events/pg_journal.h"

#include "libs/base/errors.h"
#include "libs/events/journal_rows.h"
#include "libs/events/pg_journal_reader.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {

std::unique_ptr<JournalReader> PgJournal::NewReader() {
  return std::make_unique<PgJournalReader>(database_, clock_, options_);
}

absl::StatusOr<std::optional<LeaseToken>> PgJournal::Acquire(const std::string& name,
                                                             const Uuid& holder,
                                                             std::chrono::milliseconds duration,
                                                             Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(const pg::Rows rows,
                          database_.WriteOne(deadline, [&](pg::Tx& tx) -> absl::StatusOr<pg::Rows> {
                            return tx.Run(sql::kAcquireLease,
                                          pg::Params().Text(name).Id(holder).Int(duration.count()));
                          }));
  if (rows.empty()) return std::optional<LeaseToken>();
  // Nobody publishes from a restored database before its positions are its own.
  if (!rows.Bool(0, 2)) LOTURA_RETURN_IF_ERROR(EnsureEpoch(database_, deadline).status());
  return std::optional<LeaseToken>(
      {.name = name, .holder = holder, .term = rows.Int(0, 0), .origin = rows.String(0, 1)});
}

absl::Status PgJournal::Release(const LeaseToken& lease, Deadline deadline) {
  return database_.WriteOne(deadline, [&](pg::Tx& tx) {
    tx.Run(sql::kReleaseLease, pg::Params().Text(lease.name).Id(lease.holder).Int(lease.term));
    return absl::OkStatus();
  });
}

absl::StatusOr<Position> PgJournal::LoadCursor(const std::string& relay, Deadline deadline) {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Position> {
    const pg::Rows rows = tx.Run(sql::kLoadCursor, pg::Params().Text(relay));
    if (rows.empty()) return Position();
    return Position{.epoch = static_cast<std::int32_t>(rows.Int(0, 0)),
                    .xid = rows.Xid(0, 1),
                    .seq = rows.Int(0, 2)};
  });
}

absl::Status PgJournal::KeepFor(std::span<const std::string> relays, Deadline deadline) {
  return database_.WriteOne(deadline, [&](pg::Tx& tx) {
    tx.Run(sql::kKeepFor, pg::Params().Texts(relays));
    return absl::OkStatus();
  });
}

absl::Status PgJournal::KeepNoMoreFor(const std::string& relay, Deadline deadline) {
  return database_.WriteOne(deadline, [&](pg::Tx& tx) {
    tx.Run(sql::kKeepNoMoreFor, pg::Params().Text(relay));
    return absl::OkStatus();
  });
}

absl::Status PgJournal::SaveCursor(const std::string& relay, const Position& position,
                                   const LeaseToken& lease, Deadline deadline) {
  return database_.WriteOne(deadline, [&](pg::Tx& tx) -> absl::Status {
    const pg::Rows rows = tx.Run(sql::kSaveCursor, pg::Params()
                                                       .Text(relay)
                                                       .Int(position.epoch)
                                                       .Int(BigintOf(position.xid))
                                                       .Int(position.seq)
                                                       .Text(lease.name)
                                                       .Id(lease.holder)
                                                       .Int(lease.term)
                                                       .Text(lease.origin));
    if (rows.Bool(0, 0)) return absl::OkStatus();
    return FailedPrecondition("LEASE_LOST", "another process holds the lease");
  });
}

absl::StatusOr<std::int32_t> EnsureEpoch(pg::Database& database, Deadline deadline) {
  return database.Write(deadline, [](pg::Tx& tx) -> absl::StatusOr<std::int32_t> {
    return static_cast<std::int32_t>(tx.Run(sql::kEnsureEpoch, {}).Int(0, 0));
  });
}

}  // namespace lotura::events
