// Which match keys a change takes and gives up.
#pragma once

#include "libs/resource/store.h"

namespace lotura::resource {

// Fills added_keys and removed_keys. A deleted record has no keys.
void FindChangedKeys(RecordChange& change);

}  // namespace lotura::resource
