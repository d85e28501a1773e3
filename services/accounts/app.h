// The composition of the accounts service.
#pragma once

#include "libs/host/service.h"

namespace lotura::accounts {

host::ServiceSpec Spec();

}  // namespace lotura::accounts
