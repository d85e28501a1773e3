// The composition of the sales service.
#pragma once

#include "libs/host/service.h"

namespace lotura::sales {

host::ServiceSpec Spec();

}  // namespace lotura::sales
