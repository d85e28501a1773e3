#include "libs/access/policy_reader.h"

#include "libs/access/queries.sql.h"

namespace lotura::access {

PolicyReader::Walk PolicyReader::Begin(pg::Tx& tx, PolicyPage& page) const {
  const pg::Rows now = tx.Run(sql::kPolicyHorizon, {});
  Walk walk{.horizon = now.Int(0, 0), .origin = now.String(0, 1), .place = {}};
  // A database that was restored counts its transactions from where it was: what it writes now may
  // have numbers that were read before.
  page.begins_anew = !origin_.empty() && (walk.origin != origin_ || walk.horizon < horizon_);
  walk.place.xid = std::to_string(page.begins_anew ? 0 : horizon_);
  return walk;
}

absl::StatusOr<PolicyPage> PolicyReader::ReadPage(Deadline deadline) {
  Walk walk;
  PolicyPage page;
  const absl::Status read = database_.Read(deadline, [&](pg::Tx& tx) {
    page = PolicyPage();
    // The horizon first: what is committed from then on comes with the next walk, wherever this one
    // stands.
    walk = walk_.has_value() ? *walk_ : Begin(tx, page);
    Place& place = walk.place;
    const pg::Rows rows =
        tx.Run(sql::kChangedPolicyRecords,
               pg::Params().Text(place.xid).Id(place.tenant).Text(place.name).Int(page_rows_));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      page.rows.push_back({.tenant = TenantId{rows.Id(i, 0)},
                           .name = rows.String(i, 1),
                           .resource_type = rows.String(i, 2),
                           .deleted = rows.Bool(i, 3),
                           .record = rows.Bytes(i, 4)});
      place = {.xid = rows.String(i, 5), .tenant = rows.Id(i, 0), .name = rows.String(i, 1)};
    }
    page.is_last = rows.size() < static_cast<std::size_t>(page_rows_);
    return absl::OkStatus();
  });
  LOTURA_RETURN_IF_ERROR(read);
  if (page.is_last) {
    horizon_ = walk.horizon;
    origin_ = std::move(walk.origin);
    walk_.reset();
  } else {
    walk_ = std::move(walk);
  }
  return page;
}

}  // namespace lotura::access
