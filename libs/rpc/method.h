// What the door knows of one RPC: its descriptor, its policy, and who answers it.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "libs/base/call.h"
#include "libs/rpc/method_metrics.h"

namespace lotura::rpc {

namespace pbuf = google::protobuf;

class Done;
class Stream;
class StreamSession;

using Answered = absl::StatusOr<std::shared_ptr<const pbuf::Message>>;

// An ordinary blocking use case. Runs on a thread of the executor.
using BlockingHandler = std::function<Answered(const Call& call, const pbuf::Message& request)>;

// Answers through `done`, at once or later from any thread. Runs on a thread of the transport: it
// must not block.
using AsyncHandler = std::function<void(std::shared_ptr<const Call> call,
                                        std::shared_ptr<const pbuf::Message> request, Done done)>;

// The same, but `start` runs on a thread of the executor and may block; it gives the thread back
// while it waits for something that Done::Continue follows.
struct DeferredHandler {
  AsyncHandler start;
};

// Opens a stream: what it returns is told of the client's messages and may write to `stream`. Must
// not block.
using StreamHandler = std::function<absl::StatusOr<std::shared_ptr<StreamSession>>(
    std::shared_ptr<const Call> call, std::shared_ptr<Stream> stream)>;

enum class Access {
  kPermission,  // a known caller who may do `permission`
  kAnyToken,    // a known caller: a valid token, or a service's certificate
  kOpen,        // anybody
};

struct Policy {
  Access access = Access::kPermission;
  std::string permission;
  // Longest time a call may take. Streams have no limit but the client's own.
  std::chrono::milliseconds deadline_max{10'000};
  // Whether only callers of the operator tenant may call it.
  bool operator_only = false;
};

struct Method {
  using Handler =
      std::variant<std::monostate, BlockingHandler, DeferredHandler, AsyncHandler, StreamHandler>;

  // Null for the entry that stands for all unknown methods.
  const pbuf::MethodDescriptor* descriptor = nullptr;
  // "lotura.sales.v1.OpportunityService/MoveOpportunity".
  std::string name;
  // "lotura.sales": the domain of its errors.
  std::string domain;
  Policy policy;
  Handler handler;
  const pbuf::Message* request_prototype = nullptr;
  MethodMetrics metrics;
};

inline bool IsStream(const Method& method) {
  return std::holds_alternative<StreamHandler>(method.handler);
}

}  // namespace lotura::rpc
