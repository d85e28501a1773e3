// How requests reach the services.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <chrono>
#include <memory>
#include <string>

namespace lotura::api {

// A call of a streaming method. Used by one thread. Waits have the length that is given.
class Conversation {
 public:
  virtual ~Conversation() = default;

  virtual absl::Status Write(const google::protobuf::Message& message,
                             std::chrono::milliseconds timeout) = 0;
  // False when the service ended the stream without an error. DEADLINE_EXCEEDED leaves the stream
  // as it is.
  virtual absl::StatusOr<bool> Read(google::protobuf::Message& message,
                                    std::chrono::milliseconds timeout) = 0;
};

// Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;

  // Sends one request and waits for its answer, at most `timeout`. Errors are those of the service;
  // UNAVAILABLE if it cannot be reached.
  virtual absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Call(
      const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
      std::chrono::milliseconds timeout) = 0;

  // Opens a stream to whichever process holds `service`. UNIMPLEMENTED if this transport carries
  // none.
  virtual absl::StatusOr<std::unique_ptr<Conversation>> Converse(
      const google::protobuf::MethodDescriptor& /*method*/, const std::string& /*service*/) {
    return absl::UnimplementedError("no streams here");
  }
};

}  // namespace lotura::api
