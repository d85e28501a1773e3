// The composition of the analytics service.
#pragma once

#include "libs/host/service.h"

namespace lotura::analytics {

host::ServiceSpec Spec();

}  // namespace lotura::analytics
