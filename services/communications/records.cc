#include "services/communications/records.h"

#include "services/communications/activity.h"

namespace lotura::communications {

absl::Status Declare(resource::Catalog& catalog) { return catalog.Add(ActivityRules()); }

}  // namespace lotura::communications
