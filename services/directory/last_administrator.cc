#include "services/directory/last_administrator.h"

#include <algorithm>

#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/administrators.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

using resource::RecordChange;

// A type of record and the fields by which somebody may lose rights.
struct Narrowing {
  const google::protobuf::Descriptor* message;
  std::vector<std::string_view> fields;
};

std::vector<Narrowing> Narrowings() {
  return {{v1::User::descriptor(), {"suspended", "team"}},
          {v1::Client::descriptor(), {"suspended", "expire_time"}},
          {v1::Team::descriptor(), {"parent_team", "manager"}},
          {v1::RoleAssignment::descriptor(), {"record_types", "expire_time"}},
          {v1::PermissionSet::descriptor(), {"permissions"}},
          {access::Role::descriptor(),
           {"base_role", "permission_sets", "permissions", "record_rules", "field_rules"}}};
}

// A change by which somebody may lose rights, and the field of it.
struct Loss {
  const RecordChange* change = nullptr;
  std::string field;
};

// Whether a role is back: what its field rules forbid counts again for those that build upon it.
bool BringsRoleBack(const RecordChange& change) {
  return change.kind == events::v1::KIND_UNDELETED &&
         change.declaration->message() == access::Role::descriptor();
}

// Nothing for a change that takes nothing from anybody.
std::optional<Loss> LossOf(const RecordChange& change, const std::vector<Narrowing>& narrowings) {
  const auto type =
      std::ranges::find(narrowings, change.declaration->message(), &Narrowing::message);
  if (type == narrowings.end() || change.before == nullptr) return std::nullopt;
  if (change.kind == events::v1::KIND_DELETED || BringsRoleBack(change))
    return Loss{&change, "name"};
  for (const std::string& path : change.changed_fields) {
    const std::string field = path.substr(0, path.find_first_of(".["));
    if (std::ranges::find(type->fields, field) != type->fields.end())
      return Loss{&change, change.field_prefix + field};
  }
  return std::nullopt;
}

// The first one by which an administrator may be lost.
absl::StatusOr<std::optional<Loss>> FindLoss(const resource::Changes& changes,
                                             Administrators& before) {
  const std::vector<Narrowing> narrowings = Narrowings();
  for (const RecordChange& change : changes.changes()) {
    std::optional<Loss> loss = LossOf(change, narrowings);
    if (!loss.has_value()) continue;
    LOTURA_ASSIGN_OR_RETURN(const bool counts, before.MayRestOn(change));
    if (counts) return loss;
  }
  return std::nullopt;
}

absl::Status RelyOn(resource::Changes& changes, const Administrator& administrator) {
  for (const auto& [name, record] : administrator.rests_on)
    LOTURA_RETURN_IF_ERROR(changes.RelyOn(record));
  return absl::OkStatus();
}

}  // namespace

absl::Status KeepAdministrator(resource::Changes& changes) {
  Administrators before(changes, Moment::kBefore);
  LOTURA_ASSIGN_OR_RETURN(const auto loss, FindLoss(changes, before));
  if (!loss.has_value()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(const auto left, Administrators(changes, Moment::kAfter).Find());
  if (left.has_value() && left->term == Term::kForGood) return RelyOn(changes, *left);
  LOTURA_ASSIGN_OR_RETURN(const auto had, before.Find());
  if (!had.has_value()) return absl::OkStatus();
  if (left.has_value() && had->term == Term::kForAWhile) return RelyOn(changes, *left);
  return FailedPrecondition(reasons::kLastAdministrator,
                            left.has_value()
                                ? "nobody could administer the tenant for good any more"
                                : "nobody could administer the tenant any more",
                            {{"field", loss->field}, {"name", loss->change->name}});
}

}  // namespace lotura::directory
