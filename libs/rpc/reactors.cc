#include "libs/rpc/reactors.h"

#include "libs/rpc/arrival.h"
#include "libs/rpc/door.h"
#include "libs/rpc/stream_reactor.h"
#include "libs/rpc/unary_reactor.h"

namespace lotura::rpc {

grpc::ServerGenericBidiReactor* DoorService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const Method& method = door_.Find(context->method());
  if (std::holds_alternative<StreamHandler>(method.handler)) {
    return StreamReactor::Open(door_.pipeline(), method, ArrivalOf(*context));
  }
  return UnaryReactor::Open(door_.pipeline(), method, ArrivalOf(*context));
}

}  // namespace lotura::rpc
