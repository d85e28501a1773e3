#include "services/directory/provisioning.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <set>

#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/built_in_roles.h"

namespace lotura::directory {
namespace {

constexpr char kAdministratorRole[] = "roles/administrator";
constexpr char kFirstAssignment[] = "first-administrator";

// Creates what a tenant is missing.
class Creator {
 public:
  explicit Creator(resource::Changes& changes) : changes_(changes) {}

  // What is there, deleted or not, stays as it is. What would refer to a record that is deleted
  // would be refused: it is left out as well.
  template <typename T>
  absl::Status Create(const T& record, const std::string& name,
                      const std::vector<std::string>& references = {}) {
    const auto found = changes_.LoadAny(changes_.TypeOf(T::descriptor()), name, "");
    if (!found.ok() && !absl::IsNotFound(found.status())) return found.status();
    const bool is_out = found.ok() ? found->deleted : IsOneOut(references);
    if (is_out) out_.insert(name);
    if (found.ok() || is_out) return absl::OkStatus();
    LOTURA_RETURN_IF_ERROR(changes_.Create(record, "", name.substr(name.rfind('/') + 1)).status());
    ++created_;
    return absl::OkStatus();
  }

  [[nodiscard]] int created() const { return created_; }

 private:
  [[nodiscard]] bool IsOneOut(const std::vector<std::string>& names) const {
    return std::ranges::any_of(names,
                               [this](const std::string& name) { return out_.contains(name); });
  }

  resource::Changes& changes_;
  // Names of what is deleted, or was left out.
  std::set<std::string> out_;
  int created_ = 0;
};

absl::Status CreateAdministrator(Creator& creator, const domain::Administrator& administrator) {
  const std::string name = domain::NameOf(administrator);
  if (administrator.kind == domain::Administrator::Kind::kClient) {
    v1::Client client;
    client.set_display_name(administrator.id);
    return creator.Create(client, name);
  }
  v1::User user;
  user.set_display_name(administrator.id);
  return creator.Create(user, name);
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
  Creator creator(changes);
  LOTURA_ASSIGN_OR_RETURN(const std::vector<v1::Role> roles, BuiltInRoles());
  for (const v1::Role& role : roles)
    LOTURA_RETURN_IF_ERROR(creator.Create(role, role.name(), {role.base_role()}));
  LOTURA_RETURN_IF_ERROR(CreateAdministrator(creator, administrator));
  v1::RoleAssignment assignment;
  assignment.set_role(kAdministratorRole);
  assignment.set_member(domain::NameOf(administrator));
  LOTURA_RETURN_IF_ERROR(creator.Create(assignment,
                                        fmt::format("roleAssignments/{}", kFirstAssignment),
                                        {assignment.role(), assignment.member()}));
  return creator.created();
}

}  // namespace lotura::directory
