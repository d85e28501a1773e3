// A tenant keeps somebody who may administer it.
#pragma once

#include "libs/resource/changes.h"

namespace lotura::directory {

// For all that a unit changes. FAILED_PRECONDITION LAST_ADMINISTRATOR, naming the field, if it
// would leave nobody who may administer the tenant, or nobody who may for good where there was such
// a one. A tenant that has none is not hindered. Of units that run at the same time not every one
// may count on another's administrator: each relies on the one whom it leaves (Changes::RelyOn).
absl::Status KeepAdministrator(resource::Changes& changes);

}  // namespace lotura::directory
