#include "services/communications/app.h"

#include "services/communications/activity.h"
#include "services/communications/migrations.sql.h"

namespace lotura::communications {
namespace {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Activity>(ActivityRules()));
  return absl::OkStatus();
}

}  // namespace

host::ServiceSpec Spec() {
  return {.name = "communications", .migrations = &sql::kMigrations, .declare = Declare};
}

}  // namespace lotura::communications
