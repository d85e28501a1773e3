#include "services/analytics/app.h"

#include "services/analytics/migrations.sql.h"
#include "services/analytics/projection.h"
#include "services/analytics/query_funnel.h"
#include "services/analytics/query_revenue.h"

namespace lotura::analytics {
namespace {

absl::Status Serve(host::Service& service) {
  service.HandleJudged("lotura.analytics.v1.ReportService/QueryFunnel", QueryFunnel);
  service.HandleJudged("lotura.analytics.v1.ReportService/QueryRevenue", QueryRevenue);
  service.Consume(
      {.name = "facts",
       .services = {"directory", "accounts", "sales"},
       .handler = Project,
       .tables = {"user_dimension", "team_dimension", "organization_dimension", "product_dimension",
                  "stage_dimension", "opportunity_fact", "stage_entry_fact", "record_state"}});
  return absl::OkStatus();
}

}  // namespace

host::ServiceSpec Spec() {
  return {.name = "analytics", .migrations = &sql::kMigrations, .serve = Serve};
}

}  // namespace lotura::analytics
