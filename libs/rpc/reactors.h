// Calls of gRPC's callback API, handed to the pipeline.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

namespace lotura::rpc {

class Door;

// The one service that is registered with gRPC: it hands every call, of whatever name, to the door.
class DoorService final : public grpc::CallbackGenericService {
 public:
  explicit DoorService(Door& door) : door_(door) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  Door& door_;
};

}  // namespace lotura::rpc
