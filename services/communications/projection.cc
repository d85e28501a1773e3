#include "services/communications/projection.h"

#include "services/communications/on_activity.h"
#include "services/communications/on_change.h"

namespace lotura::communications {

absl::Status Project(pg::Tx& tx, std::span<const events::Event> events) {
  LOTURA_RETURN_IF_ERROR(ProjectActivities(tx, events));
  return ProjectChanges(tx, events);
}

}  // namespace lotura::communications
