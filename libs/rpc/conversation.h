// One call of a streaming method, for tools and tests.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "libs/base/clock.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace lotura::rpc {

// Waits for each message on the caller's thread, so that one thread uses it. Ends with its last
// owner: the server sees that the client left.
class Conversation {
 public:
  // `method` is "lotura.events.v1.EventService/Subscribe"; `bearer` the token, without "Bearer".
  Conversation(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
               const std::string& bearer);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // The server's error if the stream is over; DEADLINE_EXCEEDED, after which nothing can be written
  // any more: FAILED_PRECONDITION WRITE_PENDING.
  absl::Status Write(const google::protobuf::Message& message, Deadline deadline);
  // False when the server ended the stream with OK, its error if with another. DEADLINE_EXCEEDED
  // leaves everything as it is: a later call gets the message.
  absl::StatusOr<bool> Read(google::protobuf::Message& message, Deadline deadline);
  // Says that nothing more will be written.
  absl::Status CloseWrites(Deadline deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lotura::rpc
