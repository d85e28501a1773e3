#include "services/directory/provisioning.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/built_in_roles.h"

namespace lotura::directory {
namespace {

constexpr char kAdministratorRole[] = "roles/administrator";
constexpr char kFirstAssignment[] = "first-administrator";

// Whether it was created: it may be there.
template <typename T>
absl::StatusOr<bool> CreateMissing(resource::Changes& changes, const T& record,
                                   const std::string& name) {
  const resource::RecordType& type = changes.TypeOf(T::descriptor());
  const absl::Status found = changes.LoadAny(type, name, "").status();
  if (!absl::IsNotFound(found)) return found.ok() ? absl::StatusOr<bool>(false) : found;
  LOTURA_RETURN_IF_ERROR(changes.Create(record, "", name.substr(name.rfind('/') + 1)).status());
  return true;
}

absl::StatusOr<bool> CreateAdministrator(resource::Changes& changes,
                                         const domain::Administrator& administrator) {
  const std::string name = domain::NameOf(administrator);
  if (administrator.kind == domain::Administrator::Kind::kClient) {
    v1::Client client;
    client.set_display_name(administrator.id);
    return CreateMissing(changes, client, name);
  }
  v1::User user;
  user.set_display_name(administrator.id);
  return CreateMissing(changes, user, name);
}

}  // namespace

absl::StatusOr<std::vector<v1::Role>> BuiltInRoles() {
  v1::ListRolesResponse list;
  const auto read = google::protobuf::util::JsonStringToMessage(
      fmt::format(R"({{"roles":{}}})", kBuiltInRoles), &list);
  if (!read.ok()) return Internal("built_in_roles.json holds no roles");
  return std::vector<v1::Role>(list.roles().begin(), list.roles().end());
}

absl::StatusOr<int> Provision(resource::Changes& changes,
                              const domain::Administrator& administrator) {
  int created = 0;
  LOTURA_ASSIGN_OR_RETURN(const std::vector<v1::Role> roles, BuiltInRoles());
  for (const v1::Role& role : roles) {
    LOTURA_ASSIGN_OR_RETURN(const bool one, CreateMissing(changes, role, role.name()));
    created += one ? 1 : 0;
  }
  LOTURA_ASSIGN_OR_RETURN(const bool first, CreateAdministrator(changes, administrator));
  v1::RoleAssignment assignment;
  assignment.set_role(kAdministratorRole);
  assignment.set_member(domain::NameOf(administrator));
  LOTURA_ASSIGN_OR_RETURN(
      const bool assigned,
      CreateMissing(changes, assignment, fmt::format("roleAssignments/{}", kFirstAssignment)));
  return created + (first ? 1 : 0) + (assigned ? 1 : 0);
}

}  // namespace lotura::directory
