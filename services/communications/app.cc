#include "services/communications/app.h"

#include "services/communications/activity.h"
#include "services/communications/list_timeline.h"
#include "services/communications/migrations.sql.h"
#include "services/communications/projection.h"

namespace lotura::communications {
namespace {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Activity>(ActivityRules()));
  return absl::OkStatus();
}

absl::Status Serve(host::Service& service) {
  service.HandleJudged("lotura.communications.v1.TimelineService/ListTimeline", ListTimeline);
  service.Consume({.name = "timeline",
                   .services = {"directory", "accounts", "sales", "communications"},
                   .handler = Project,
                   .tables = {"timeline_entry", "record_state"}});
  return absl::OkStatus();
}

}  // namespace

host::ServiceSpec Spec() {
  return {.name = "communications",
          .migrations = &sql::kMigrations,
          .declare = Declare,
          .serve = Serve};
}

}  // namespace lotura::communications
