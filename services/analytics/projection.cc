#include "services/analytics/projection.h"

#include "services/analytics/on_dimension.h"
#include "services/analytics/on_opportunity.h"

namespace lotura::analytics {

absl::Status Project(pg::Tx& tx, std::span<const events::Event> events) {
  LOTURA_RETURN_IF_ERROR(ProjectDimensions(tx, events));
  return ProjectOpportunities(tx, events);
}

}  // namespace lotura::analytics
