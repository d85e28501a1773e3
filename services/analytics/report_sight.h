// Which opportunities count in a report for one caller.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/call.h"
#include "libs/pg/database.h"
#include "services/analytics/report_query.h"

namespace lotura::analytics {

// What a kind of report tells of whatever it is grouped by.
struct ReportKind {
  // The opportunities that it is about: $1 tenant, $2 pipeline, $3 and $4 period, $5 owners, $6
  // most.
  pg::Query candidates;
  // Fields of opportunities, and of stages.
  std::vector<std::string_view> deal_fields;
  std::vector<std::string_view> stage_fields;
};

// Those of which the caller may read all that the report tells; the report is read in the same
// snapshot. PERMISSION_DENIED NEEDS_ALL_RECORDS with type and field for one who may not read what
// it says of every stage, user, team, product or organization, or a field that it counts by of any
// opportunity; FAILED_PRECONDITION REPORT_TOO_LARGE if too many would have to be looked at one by
// one; DEADLINE_EXCEEDED.
absl::StatusOr<Counted> CountedFor(const Call& call, const ReportQuery& query,
                                   const ReportKind& kind, pg::Tx& tx);

}  // namespace lotura::analytics
