#include "libs/access/projection.h"

#include "libs/access/queries.sql.h"
#include "lotura/directory/v1/api_key.pb.h"
#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/permission_set.pb.h"
#include "lotura/directory/v1/role.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/tenant.pb.h"
#include "lotura/directory/v1/user.pb.h"

namespace lotura::access {
namespace {

bool IsOfPolicy(const events::Event& event) {
  using namespace directory::v1;  // NOLINT(google-build-using-namespace): its names
  return event.IsAbout<ApiKey>() || event.IsAbout<ApiKeySecret>() || event.IsAbout<User>() ||
         event.IsAbout<Client>() || event.IsAbout<Team>() || event.IsAbout<Role>() ||
         event.IsAbout<PermissionSet>() || event.IsAbout<RoleAssignment>() ||
         event.IsAbout<Tenant>();
}

}  // namespace

absl::Status ProjectPolicy(pg::Tx& tx, std::span<const events::Event> events) {
  const std::vector<const events::Event*> newest = events::NewestWhere(events, IsOfPolicy);
  if (newest.empty()) return absl::OkStatus();
  pg::Array tenants(pg::Type::kUuid);
  pg::Array names(pg::Type::kText);
  pg::Array types(pg::Type::kText);
  pg::Array epochs(pg::Type::kInt64);
  pg::Array versions(pg::Type::kInt64);
  pg::Array deleted(pg::Type::kBool);
  pg::Array records(pg::Type::kBytea);
  for (const events::Event* event : newest) {
    tenants.Add(pg::binary::UuidValue(event->tenant.value));
    names.Add(event->subject);
    types.Add(event->change.resource_type());
    epochs.Add(pg::binary::Int64(event->epoch()));
    versions.Add(pg::binary::Int64(event->version()));
    deleted.Add(pg::binary::Bool(event->change.kind() == events::v1::KIND_DELETED));
    records.Add(event->change.after().plain());
  }
  tx.Run(sql::kUpsertPolicyRecords,
         pg::Params().Add(tenants).Add(names).Add(types).Add(epochs).Add(versions).Add(deleted).Add(
             records));
  return absl::OkStatus();
}

}  // namespace lotura::access
