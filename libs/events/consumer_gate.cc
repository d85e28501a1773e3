#include "libs/events/consumer_gate.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {

absl::StatusOr<std::string> PassGate(pg::Tx& tx, const std::string& consumer, Passenger passenger) {
  const pg::Params params = pg::Params().Text(consumer);
  tx.Run(sql::kStandInGate, params);
  // A statement of its own: its snapshot is newer than the lock.
  const pg::Rows gate = tx.Run(sql::kLookAtGate, params);
  const std::int64_t generation = gate.empty() ? 0 : gate.Int(0, 0);
  const bool is_closed = !gate.empty() && gate.Bool(0, 1);
  if (is_closed && passenger == Passenger::kConsumer)
    return Unavailable("CONSUMER_PAUSED", "the projection is being rebuilt");
  if (!is_closed && passenger == Passenger::kRebuild)
    return FailedPrecondition("REBUILD_ENDED", "the rebuild of the projection has been ended");
  return generation == 0 ? consumer : fmt::format("{}#{}", consumer, generation);
}

}  // namespace lotura::events
