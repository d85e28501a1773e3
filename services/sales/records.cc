#include "services/sales/records.h"

#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "lotura/sales/v1/stage_change.pb.h"
#include "services/sales/opportunity.h"
#include "services/sales/price.h"
#include "services/sales/price_list.h"
#include "services/sales/stage.h"

namespace lotura::sales {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Product>());
  LOTURA_RETURN_IF_ERROR(catalog.Add(PriceListRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add(PriceRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Pipeline>());
  LOTURA_RETURN_IF_ERROR(catalog.Add(StageRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add(OpportunityRules()));
  return catalog.Add<v1::StageChange>();
}

}  // namespace lotura::sales
