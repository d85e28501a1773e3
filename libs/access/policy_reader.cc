#include "libs/access/policy_reader.h"

#include "libs/access/queries.sql.h"

namespace lotura::access {
namespace {

constexpr std::int64_t kRowsMax = 5'000;

// Where a page of rows ends.
struct Place {
  std::string xid;
  Uuid tenant;
  std::string name;
};

}  // namespace

absl::StatusOr<std::vector<PolicyRow>> PolicyReader::ReadChanges(Deadline deadline) {
  std::int64_t next = 0;
  std::vector<PolicyRow> changes;
  const absl::Status read = database_.Read(deadline, [&](pg::Tx& tx) {
    changes.clear();
    // First: what is committed from now on is behind it.
    next = tx.Run(sql::kPolicyHorizon, {}).Int(0, 0);
    // A database that was restored counts its transactions from where it was.
    const std::int64_t from = next < horizon_ ? 0 : horizon_;
    Place place{.xid = std::to_string(from), .tenant = {}, .name = ""};
    for (;;) {
      const pg::Rows rows =
          tx.Run(sql::kChangedPolicyRecords,
                 pg::Params().Text(place.xid).Id(place.tenant).Text(place.name).Int(kRowsMax));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        changes.push_back({.tenant = TenantId{rows.Id(i, 0)},
                           .name = rows.String(i, 1),
                           .resource_type = rows.String(i, 2),
                           .deleted = rows.Bool(i, 3),
                           .record = rows.Bytes(i, 4)});
        place = {rows.String(i, 5), rows.Id(i, 0), rows.String(i, 1)};
      }
      if (rows.size() < static_cast<std::size_t>(kRowsMax)) return absl::OkStatus();
    }
  });
  LOTURA_RETURN_IF_ERROR(read);
  horizon_ = next;
  return changes;
}

}  // namespace lotura::access
