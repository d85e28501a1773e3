// What has changed of the policies since somebody looked.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/pg/database.h"

namespace lotura::access {

// One record of directory, as the projection keeps it.
struct PolicyRow {
  TenantId tenant;
  std::string name;
  // Full name of its message.
  std::string resource_type;
  bool deleted = false;
  std::string record;
};

struct PolicyPage {
  std::vector<PolicyRow> rows;
  // The database was restored or failed over: this page and those that follow hold all there is,
  // and what was handed over before and does not come again is not there any more.
  bool begins_anew = false;
  // Nothing is behind it: the next one holds what is written from then on.
  bool is_last = false;
};

// Used by one thread.
class PolicyReader {
 public:
  // So many rows are read, and held, at a time.
  explicit PolicyReader(pg::Database& database, std::int64_t page_rows = 1'000)
      : database_(database), page_rows_(page_rows) {}

  // All rows at first, page by page; afterwards those that were written since, and again and again
  // those that were written while a transaction is open that began before. What was handed over is
  // not read again when a page fails: the next call goes on behind it.
  absl::StatusOr<PolicyPage> ReadPage(Deadline deadline);

 private:
  // Where a page ends.
  struct Place {
    std::string xid;
    Uuid tenant;
    std::string name;
  };
  // From the first page to the last one.
  struct Walk {
    // What transactions before this one have written is read when it ends.
    std::int64_t horizon = 0;
    // Where the database lived when it began.
    std::string origin;
    Place place;
  };

  // Says in `page` whether it begins anew.
  Walk Begin(pg::Tx& tx, PolicyPage& page) const;

  pg::Database& database_;
  const std::int64_t page_rows_;
  // What transactions before this one have written was read.
  std::int64_t horizon_ = 0;
  // Where that was; empty before the first walk's end.
  std::string origin_;
  // One that has not come to its end.
  std::optional<Walk> walk_;
};

}  // namespace lotura::access
