#include "services/communications/on_activity.h"

#include <map>

#include "lotura/communications/v1/activity.pb.h"
#include "services/communications/queries.sql.h"

namespace lotura::communications {
namespace {

using pg::Array;
using pg::Type;

// The newest event of each activity of one tenant, column by column.
struct Newest {
  Array names{Type::kText};
  Array versions{Type::kInt64};
  Array actors{Type::kText};
};

}  // namespace

absl::Status ProjectActivities(pg::Tx& tx, std::span<const events::Event> events) {
  std::map<TenantId, Newest> tenants;
  for (const events::Event* event : events::NewestOf<v1::Activity>(events)) {
    Newest& newest = tenants[event->tenant];
    newest.names.Add(event->subject);
    newest.versions.Add(pg::binary::Int64(event->version()));
    newest.actors.Add(event->actor);
  }
  for (const auto& [tenant, newest] : tenants) {
    tx.Run(sql::kDropActivityEntries,
           pg::Params().Tenant(tenant).Add(newest.names).Add(newest.versions));
    tx.Run(sql::kAddActivityEntries,
           pg::Params().Tenant(tenant).Add(newest.names).Add(newest.versions).Add(newest.actors));
  }
  return absl::OkStatus();
}

}  // namespace lotura::communications
