// Calls of the engine whose outcome a test waits for.
#pragma once

#include <future>
#include <memory>

#include "libs/resource/standard_methods.h"

namespace lotura::testing {

using MessagePtr = resource::UnitOfWork::MessagePtr;

inline std::shared_ptr<const google::protobuf::Message> CopyOf(
    const google::protobuf::Message& message) {
  std::shared_ptr<google::protobuf::Message> copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

// Runs steps at once, on whatever thread asks for them.
inline resource::WriteCall WriteCallOf(const Call& call, const google::protobuf::Message& request,
                                       std::promise<absl::StatusOr<MessagePtr>>& answer) {
  return {.call = std::make_shared<const Call>(call),
          .request = CopyOf(request),
          .reply = [&answer](auto result) { answer.set_value(std::move(result)); },
          .resume = [](const std::function<void()>& step) { step(); }};
}

// `start` is given a WriteCall and replies to it, now or later.
template <typename Response, typename Start>
absl::StatusOr<Response> AwaitWrite(const Call& call, const google::protobuf::Message& request,
                                    const Start& start) {
  std::promise<absl::StatusOr<MessagePtr>> answer;
  start(WriteCallOf(call, request, answer));
  LOTURA_ASSIGN_OR_RETURN(const MessagePtr message, answer.get_future().get());
  return static_cast<const Response&>(*message);
}

template <typename Response>
absl::StatusOr<Response> AwaitGet(const Call& call, const google::protobuf::Message& request,
                                  const resource::StandardMethod::Get& get) {
  std::promise<absl::StatusOr<MessagePtr>> answer;
  get({.call = std::make_shared<const Call>(call),
       .request = CopyOf(request),
       .reply = [&answer](auto result) { answer.set_value(std::move(result)); }});
  LOTURA_ASSIGN_OR_RETURN(const MessagePtr message, answer.get_future().get());
  return static_cast<const Response&>(*message);
}

// `body` returns StatusOr<Response> of Changes&.
template <typename Response, typename Body>
absl::StatusOr<Response> RunWrite(resource::UnitOfWork& work, const Call& call,
                                  const google::protobuf::Message& request, const Body& body) {
  return AwaitWrite<Response>(call, request, [&](resource::WriteCall write) {
    work.Start(std::move(write), Response::default_instance(),
               [&body](resource::Changes& changes) -> absl::StatusOr<MessagePtr> {
                 LOTURA_ASSIGN_OR_RETURN(Response result, body(changes));
                 return std::make_shared<const Response>(std::move(result));
               });
  });
}

}  // namespace lotura::testing
