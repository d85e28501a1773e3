#include "libs/access/projection.h"

#include "libs/access/queries.sql.h"
#include "libs/events/record_params.h"
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
  pg::Array types(pg::Type::kText);
  pg::Array deleted(pg::Type::kBool);
  pg::Array records(pg::Type::kBytea);
  for (const events::Event* event : newest) {
    types.Add(event->change.resource_type());
    deleted.Add(pg::binary::Bool(event->change.kind() == events::v1::KIND_DELETED));
    records.Add(event->change.after().plain());
  }
  tx.Run(sql::kUpsertPolicyRecords, events::RecordParams(newest, events::RecordNames::kSubjects)
                                        .Add(types)
                                        .Add(deleted)
                                        .Add(records));
  return absl::OkStatus();
}

}  // namespace lotura::access
