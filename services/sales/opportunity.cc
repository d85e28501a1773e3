#include "services/sales/opportunity.h"

#include "libs/resource/changes.h"
#include "lotura/sales/v1/stage.pb.h"
#include "services/sales/domain/line_sum.h"
#include "services/sales/domain/stage_entry.h"
#include "services/sales/stage_change.h"

namespace lotura::sales {
namespace {

absl::Status Derive(resource::Changes& changes, const v1::Opportunity* before,
                    v1::Opportunity& after) {
  if (const auto sum = domain::SumOfLines(after); sum.has_value()) *after.mutable_amount() = *sum;
  if (before != nullptr || after.stage().empty()) return absl::OkStatus();
  const auto stage = changes.Load<v1::Stage>(after.stage());
  if (!stage.ok())
    return resource::IsBadReference(stage.status()) ? absl::OkStatus() : stage.status();
  LOTURA_RETURN_IF_ERROR(CheckPipeline(changes, *stage));
  return domain::Open(after, *stage, changes.call().now);
}

void Validate(const v1::Opportunity* /*before*/, const v1::Opportunity& after,
              Violations& violations) {
  domain::CheckLines(after, violations);
  domain::CheckClosed(after, violations);
}

}  // namespace

resource::Rules<v1::Opportunity> OpportunityRules() {
  return {.derive = Derive, .validate = Validate};
}

}  // namespace lotura::sales
