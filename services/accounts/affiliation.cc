#include "services/accounts/affiliation.h"

#include "libs/base/calendar.h"
#include "services/accounts/domain/reasons.h"

namespace lotura::accounts {
namespace {

void Validate(const v1::Affiliation* /*before*/, const v1::Affiliation& after,
              Violations& violations) {
  const auto start = ToDay(after.start_date());
  const auto end = ToDay(after.end_date());
  if (start.has_value() && end.has_value() && *end < *start) {
    violations.Add("end_date", reasons::kEndBeforeStart, "lies before start_date");
  }
}

}  // namespace

resource::Rules<v1::Affiliation> AffiliationRules() { return {.validate = Validate}; }

}  // namespace lotura::accounts
