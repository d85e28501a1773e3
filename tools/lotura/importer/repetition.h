// Whether a request that a service refuses has been carried out before, although the service no
// longer remembers it.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "tools/lotura/importer/step_runner.h"

namespace lotura::importer {

// The first field that differs between what the row creates and the record that is there; empty if
// none does. Only what the row fills counts, in the form that the service would give it now, and
// nothing that a later step changes. An error if the service cannot be asked.
absl::StatusOr<std::string> FirstDifference(const StepContext& context, const PlannedRow& row,
                                            const pbuf::Message& found);

// Whether the record is as the row's call leaves it, or as the call of a later row about the same
// record does. Each field of the call that is filled must then be found in the record: in the field
// of the same name, or if there is none, in any of the same type.
bool IsDone(const StepContext& context, const PlannedRow& row, const pbuf::Message& found);

}  // namespace lotura::importer
