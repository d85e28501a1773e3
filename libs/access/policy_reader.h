// What has changed of the policies since somebody looked.
#pragma once

#include <absl/status/statusor.h>

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

// Used by one thread.
class PolicyReader {
 public:
  explicit PolicyReader(pg::Database& database) : database_(database) {}

  // All rows at first, afterwards those that were written since; again and again those that were
  // written while a transaction is open that began before.
  absl::StatusOr<std::vector<PolicyRow>> ReadChanges(Deadline deadline);

 private:
  pg::Database& database_;
  // What transactions before this one have written was read.
  std::int64_t horizon_ = 0;
};

}  // namespace lotura::access
