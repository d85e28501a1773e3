#include "services/directory/app.h"

#include "services/directory/migrations.sql.h"
#include "services/directory/team.h"
#include "services/directory/user.h"

namespace lotura::directory {
namespace {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Team>(TeamRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::User>(UserRules()));
  return absl::OkStatus();
}

}  // namespace

host::ServiceSpec Spec() {
  return {.name = "directory", .migrations = &sql::kMigrations, .declare = Declare};
}

}  // namespace lotura::directory
