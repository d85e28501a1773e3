// The log of reads of a service, in its schema.
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <vector>

#include "libs/audit/read_page.h"
#include "libs/pg/database.h"

namespace lotura::audit {

// A table that is partitioned by day.
inline constexpr char kReadTable[] = "audit_read";

// Behind which page to go on.
struct PagePlace {
  Instant first;
  Uuid id;
};

// Thread-safe.
class PgReads {
 public:
  // `writes` and `reads` may be the same.
  PgReads(pg::Database& writes, pg::Database& reads) : writes_(writes), reads_(reads) {}

  // All or none. A page that is there already stays as it is.
  absl::Status Append(std::span<const StoredPage> pages, Deadline deadline);

  // Pages of a tenant that may hold reads from one time until another, at most so many, behind a
  // place.
  absl::StatusOr<std::vector<StoredPage>> Read(const TenantId& tenant, const ReadFilter& filter,
                                               const PagePlace& behind, std::int64_t pages_max,
                                               Deadline deadline);

 private:
  pg::Database& writes_;
  pg::Database& reads_;
};

}  // namespace lotura::audit
