// How requests reach the services.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <chrono>
#include <memory>

namespace lotura::api {

// Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;

  // Sends one request and waits for its answer, at most `timeout`. Errors are those of the service;
  // UNAVAILABLE if it cannot be reached.
  virtual absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Call(
      const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
      std::chrono::milliseconds timeout) = 0;
};

}  // namespace lotura::api
