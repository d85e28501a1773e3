// What a caller is told of a unit that was not committed.
#pragma once

#include "libs/resource/store.h"

namespace lotura::resource {

// INVALID_ARGUMENT REQUEST_ID_REUSED.
absl::Status RequestReused();

// Names the record unless it was changed by a rule alone: whoever caused that may not see it.
// ALREADY_EXISTS ID_TAKEN or MATCH_KEY_TAKEN, FAILED_PRECONDITION REFERENCE_NOT_FOUND, ABORTED
// CONFLICT, or as RequestReused. The outcome is neither committed nor replayed.
absl::Status Refusal(const Outcome& outcome, const Unit& unit);

}  // namespace lotura::resource
