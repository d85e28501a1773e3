#include "services/communications/on_activity.h"

#include <map>
#include <set>

#include "lotura/communications/v1/activity.pb.h"
#include "services/communications/queries.sql.h"

namespace lotura::communications {

absl::Status ProjectActivities(pg::Tx& tx, std::span<const events::Event> events) {
  std::map<TenantId, std::set<std::string>> tenants;
  for (const events::Event& event : events) {
    if (event.IsAbout<v1::Activity>()) tenants[event.tenant].insert(event.subject);
  }
  for (const auto& [tenant, names] : tenants) {
    const std::vector<std::string> list(names.begin(), names.end());
    tx.Run(sql::kDropActivityEntries, pg::Params().Tenant(tenant).Texts(list));
    tx.Run(sql::kAddActivityEntries, pg::Params().Tenant(tenant).Texts(list));
  }
  return absl::OkStatus();
}

}  // namespace lotura::communications
