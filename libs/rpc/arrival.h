// What gRPC knows of a call when it arrives, and errors as gRPC takes them.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string_view>

#include "libs/rpc/exchange.h"

namespace lotura::rpc {

// Points into the context.
Arrival ArrivalOf(const grpc::CallbackServerContext& context);

grpc::Status ToGrpc(const absl::Status& status, std::string_view domain);

}  // namespace lotura::rpc
