#include "services/sales/price.h"

#include "libs/base/names.h"
#include "libs/resource/changes.h"
#include "lotura/sales/v1/price_list.pb.h"
#include "services/sales/domain/reasons.h"

namespace lotura::sales {
namespace {

absl::Status Derive(resource::Changes& changes, const v1::Price* before, v1::Price& after) {
  const bool same_currency = before != nullptr && before->unit_price().currency_code() ==
                                                      after.unit_price().currency_code();
  if (same_currency || !after.has_unit_price()) return absl::OkStatus();
  const auto list = changes.Load<v1::PriceList>(std::string(ParentOf(after.name())));
  if (!list.ok()) return resource::IsBadReference(list.status()) ? absl::OkStatus() : list.status();
  if (list->currency_code() == after.unit_price().currency_code()) return absl::OkStatus();
  return InvalidArgument("unit_price.currency_code", reasons::kCurrencyDiffers,
                         "is not the currency of the price list");
}

}  // namespace

resource::Rules<v1::Price> PriceRules() { return {.derive = Derive}; }

}  // namespace lotura::sales
