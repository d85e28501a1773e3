#include "libs/events/history.h"

#include "libs/base/errors.h"

namespace lotura::events {

absl::Status EventsExpired() {
  return Error(absl::StatusCode::kOutOfRange, "EVENTS_EXPIRED",
               "events behind this position are not kept any more");
}

}  // namespace lotura::events
