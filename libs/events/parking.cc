#include "libs/events/parking.h"

#include "libs/base/errors.h"
#include "libs/events/cloud_events.h"
#include "libs/events/parked_record.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {

absl::StatusOr<std::vector<ParkedKey>> Parking::ListParked(std::size_t limit, Deadline deadline) {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<ParkedKey>> {
    const pg::Rows rows = tx.Run(
        sql::kListParked, pg::Params().Text(consumer_).Int(static_cast<std::int64_t>(limit)));
    std::vector<ParkedKey> keys;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      keys.push_back({.tenant = {rows.Id(i, 0)},
                      .key = rows.Bytes(i, 1),
                      .reason = rows.String(i, 2),
                      .message = rows.String(i, 3),
                      .attempts = rows.Int(i, 4),
                      .fail_time = rows.Time(i, 5),
                      .events = static_cast<std::size_t>(rows.Int(i, 6))});
    }
    return keys;
  });
}

absl::StatusOr<std::size_t> Parking::RetryParked(const TenantId& tenant, const std::string& key,
                                                 Deadline deadline) {
  return Resume(tenant, key, First::kHandle, deadline);
}

absl::StatusOr<std::size_t> Parking::DiscardParked(const TenantId& tenant, const std::string& key,
                                                   Deadline deadline) {
  return Resume(tenant, key, First::kDiscard, deadline);
}

absl::StatusOr<std::size_t> Parking::Resume(const TenantId& tenant, const std::string& key,
                                            First first, Deadline deadline) {
  std::size_t handled = 0;
  for (;;) {
    const auto outcome =
        database_.Write(deadline, [&](pg::Tx& tx) { return ResumeOne(tx, tenant, key, first); });
    if (!outcome.ok()) {
      if (!MayPass(outcome.status())) {
        LOTURA_RETURN_IF_ERROR(FailAgain(tenant, key, outcome.status(), deadline));
      }
      return outcome.status();
    }
    if (*outcome == Left::kNotWaiting) return NotFound("parked key", key);
    if (first == First::kHandle) ++handled;
    if (*outcome == Left::kNone) return handled;
    first = First::kHandle;
  }
}

absl::StatusOr<Parking::Left> Parking::ResumeOne(pg::Tx& tx, const TenantId& tenant,
                                                 const std::string& key, First first) {
  const auto of_key = [&] { return pg::Params().Tenant(tenant).Text(consumer_).Bytes(key); };
  // Takes the lock by which the consumer knows whether the key still waits.
  if (tx.Run(sql::kBeginRetry, of_key()).empty()) return Left::kNotWaiting;
  const pg::Rows parked = tx.Run(sql::kFirstParked, of_key());
  if (!parked.empty() && first == First::kHandle) {
    LOTURA_ASSIGN_OR_RETURN(const Event event, FromBusRecord(ParkedAt(parked, 0, 1).record));
    LOTURA_RETURN_IF_ERROR(handler_(tx, std::span(&event, 1)));
  }
  if (!parked.empty()) tx.Run(sql::kDeleteParked, of_key().Int(parked.Int(0, 0)));
  if (!tx.Run(sql::kFirstParked, of_key()).empty()) return Left::kSome;
  tx.Run(sql::kDeleteDeadLetter, of_key());
  return Left::kNone;
}

absl::Status Parking::FailAgain(const TenantId& tenant, const std::string& key,
                                const absl::Status& why, Deadline deadline) {
  return database_.WriteOne(deadline, [&](pg::Tx& tx) {
    tx.Run(sql::kFailAgain, pg::Params()
                                .Tenant(tenant)
                                .Text(consumer_)
                                .Bytes(key)
                                .Text(ReasonOf(why))
                                .Text(Message(why)));
    return absl::OkStatus();
  });
}

}  // namespace lotura::events
