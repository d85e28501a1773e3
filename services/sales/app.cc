#include "services/sales/app.h"

#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "lotura/sales/v1/stage_change.pb.h"
#include "services/sales/migrations.sql.h"
#include "services/sales/move_opportunity.h"
#include "services/sales/opportunity.h"
#include "services/sales/price.h"
#include "services/sales/price_list.h"
#include "services/sales/reopen_opportunity.h"
#include "services/sales/stage.h"

namespace lotura::sales {
namespace {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Product>());
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::PriceList>(PriceListRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Price>(PriceRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Pipeline>());
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Stage>(StageRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Opportunity>(OpportunityRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::StageChange>());
  return absl::OkStatus();
}

absl::Status Serve(host::Service& service) {
  service.Handle("lotura.sales.v1.OpportunityService/MoveOpportunity", MoveOpportunity);
  service.Handle("lotura.sales.v1.OpportunityService/ReopenOpportunity", ReopenOpportunity);
  return absl::OkStatus();
}

}  // namespace

host::ServiceSpec Spec() {
  return {.name = "sales", .migrations = &sql::kMigrations, .declare = Declare, .serve = Serve};
}

}  // namespace lotura::sales
