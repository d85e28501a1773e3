// grpc.health.v1.Health over the table of Health.
#pragma once

#include "libs/rpc/health.h"
#include "libs/rpc/method.h"

namespace lotura::rpc {

AsyncHandler CheckHealth(Health& health);
StreamHandler WatchHealth(Health& health);

}  // namespace lotura::rpc
