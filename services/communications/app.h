// The composition of the communications service.
#pragma once

#include "libs/host/service.h"

namespace lotura::communications {

host::ServiceSpec Spec();

}  // namespace lotura::communications
