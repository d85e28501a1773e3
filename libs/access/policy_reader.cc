#include "libs/access/policy_reader.h"

#include "libs/access/queries.sql.h"

namespace lotura::access {

PolicyReader::Walk PolicyReader::Begin(pg::Tx& tx) const {
  const std::int64_t horizon = tx.Run(sql::kPolicyHorizon, {}).Int(0, 0);
  // A database that was restored counts its transactions from where it was.
  const std::int64_t from = horizon < horizon_ ? 0 : horizon_;
  return {.horizon = horizon, .place = {.xid = std::to_string(from), .tenant = {}, .name = ""}};
}

absl::StatusOr<PolicyPage> PolicyReader::ReadPage(Deadline deadline) {
  Walk walk{};
  PolicyPage page;
  const absl::Status read = database_.Read(deadline, [&](pg::Tx& tx) {
    page = PolicyPage();
    // The horizon first: what is committed from then on comes with the next walk, wherever this one
    // stands.
    walk = walk_.has_value() ? *walk_ : Begin(tx);
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
    walk_.reset();
  } else {
    walk_ = std::move(walk);
  }
  return page;
}

}  // namespace lotura::access
