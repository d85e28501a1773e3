// The seals of a service's journal, in its schema.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/audit/seal.h"
#include "libs/events/journal.h"
#include "libs/pg/database.h"

namespace lotura::audit {

// Of the lease and the cursor of whoever seals: days of the journal are not dropped before it.
inline constexpr char kAuditRelay[] = "audit";

// A tenant with seals that are in no archive.
struct Unarchived {
  TenantId tenant;
  // The last one that is in an archive; 0: none.
  std::int64_t number = 0;
};

// Thread-safe.
class PgSeals {
 public:
  PgSeals(std::string service, pg::Database& database)
      : service_(std::move(service)), database_(database) {}

  // Seals entries that follow each other behind `after`, and moves the cursor to the last of them,
  // both or nothing. FAILED_PRECONDITION LEASE_LOST if another process has moved it, the lease is
  // not held any more, or the database lives elsewhere. Returns how many seals it took.
  absl::StatusOr<std::size_t> Append(const events::LeaseToken& lease, const events::Position& after,
                                     std::span<const Sealable> entries, const Sealing& sealing,
                                     Deadline deadline);

  // The seals of a tenant behind a number with what they cover of what is still kept: as many as an
  // answer holds, one at least. Contents that none holds are left out.
  absl::StatusOr<std::vector<v1::SealedEntries>> ReadAfter(const TenantId& tenant,
                                                           std::int64_t number, Deadline deadline);
  // Of those that were made since a time, without any contents.
  absl::StatusOr<std::vector<v1::SealedEntries>> ReadSince(const TenantId& tenant, Instant since,
                                                           std::int64_t number, Deadline deadline);
  // As ReadAfter, with all contents; some mebibytes, or one seal.
  absl::StatusOr<std::vector<v1::SealedEntries>> ReadWhole(const TenantId& tenant,
                                                           std::int64_t number, Deadline deadline);
  // Nothing if nothing of the tenant has been sealed.
  absl::StatusOr<std::optional<v1::Seal>> Last(const TenantId& tenant, Deadline deadline);

  // Tenants with seals that the archive lacks.
  absl::StatusOr<std::vector<Unarchived>> ReadUnarchived(Deadline deadline);
  // Up to this seal the tenant's log is in the archive.
  absl::Status NoteArchived(const TenantId& tenant, std::int64_t number, Deadline deadline);

 private:
  enum class Contents { kNone, kThatFit, kAll };

  // As many of the seals as an answer holds.
  std::vector<v1::SealedEntries> CoverAll(pg::Tx& tx, const pg::Rows& seals, const TenantId& tenant,
                                          Contents contents) const;
  v1::Seal SealAt(const pg::Rows& rows, std::size_t row, const TenantId& tenant) const;
  static v1::SealedEntries Cover(pg::Tx& tx, v1::Seal seal, const TenantId& tenant,
                                 Contents contents);

  const std::string service_;
  pg::Database& database_;
};

}  // namespace lotura::audit
