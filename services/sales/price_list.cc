#include "services/sales/price_list.h"

#include "libs/base/calendar.h"
#include "services/sales/domain/line_sum.h"
#include "services/sales/domain/reasons.h"

namespace lotura::sales {
namespace {

void Validate(const v1::PriceList* /*before*/, const v1::PriceList& after, Violations& violations) {
  if (!after.currency_code().empty() && !domain::IsCurrencyCode(after.currency_code())) {
    violations.Add("currency_code", reasons::kCurrencyInvalid,
                   "is not a currency code of three capital letters (ISO 4217)");
  }
  const auto start = ToDay(after.start_date());
  const auto end = ToDay(after.end_date());
  if (start.has_value() && end.has_value() && *end < *start) {
    violations.Add("end_date", reasons::kEndBeforeStart, "lies before start_date");
  }
}

}  // namespace

resource::Rules<v1::PriceList> PriceListRules() { return {.validate = Validate}; }

}  // namespace lotura::sales
