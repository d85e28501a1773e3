// The composition of the directory service.
#pragma once

#include "libs/host/service.h"

namespace lotura::directory {

host::ServiceSpec Spec();

}  // namespace lotura::directory
