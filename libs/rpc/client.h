// The one client for neighbors and tools: typed errors, deadlines, tokens, trace, a breaker and
// careful retries.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "libs/base/call.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/breaker.h"
#include "libs/rpc/priority.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace lotura::rpc {

namespace pbuf = google::protobuf;

struct TlsMaterial;

enum class Security {
  kPlain,  // inside a cluster, behind a mesh, or on loopback
  kTls,
};

// What a client shows and whom it believes; TlsSource::Get is one. The same object as long as
// nothing has changed.
using Certificates = std::function<std::shared_ptr<const TlsMaterial>()>;

struct ClientOptions {
  // "127.0.0.1:8080", "dns:///accounts:8080", "unix:/path".
  std::string target;
  // Label of its metrics: "accounts".
  std::string neighbor;
  Security security = Security::kPlain;
  // With TLS, asked at each call: when there are others, new connections are made with them. Empty:
  // the roots of the system, and no certificate of its own.
  Certificates certificates = {};
  // Whose certificate the server must show; empty: that of the target's host.
  std::string server_name = {};
  int message_bytes_max = 4 << 20;
  int metadata_bytes_max = 32 << 10;
  // Calls that are not answered yet; beyond it RESOURCE_EXHAUSTED (TOO_MANY_CALLS).
  std::size_t calls_max = 1000;
  // First call and repetitions together.
  int attempts_max = 3;
  BreakerOptions breaker = {};
};

// Whether a call may be made again after UNAVAILABLE: reads, and writes that carry a request_id.
enum class Repeat { kNever, kSafe };

struct CallOptions {
  Deadline deadline;
  // The token, without "Bearer"; empty: none.
  std::string bearer = {};
  // Of the call on whose behalf this one is made.
  TraceContext trace = {};
  Repeat repeat = Repeat::kNever;
  // What the server is told of it, as the header `priority`; nothing of an interactive call.
  Priority priority = Priority::kInteractive;
  // For whom a service that is known by its certificate speaks, as the header `tenant`; empty: for
  // the only tenant that it may speak for. Of no meaning beside a token.
  std::string tenant = {};
};

// Connects when the first call is made, spreads calls over all addresses of the target, and
// reconnects by itself, always with the certificates of this moment.
std::shared_ptr<grpc::Channel> ConnectTo(const ClientOptions& options);

// Thread-safe. Errors of the server come back as they were made: reason, metadata, violations. Its
// own reasons, all UNAVAILABLE or RESOURCE_EXHAUSTED: BREAKER_OPEN, TOO_MANY_CALLS, CLIENT_CLOSED,
// UNAVAILABLE. Metrics: grpc_client_* and lotura_client_breaker_open, lotura_client_retries_total
// by neighbor.
class Client {
 public:
  using Response = absl::StatusOr<std::unique_ptr<pbuf::Message>>;
  using Completed = std::function<void(Response)>;

  Client(const ClientOptions& options, const observe::Metrics& metrics);
  // Through a channel that exists, such as that of a server in the same process.
  Client(const ClientOptions& options, const std::shared_ptr<grpc::Channel>& channel,
         const observe::Metrics& metrics);
  // Cancels what is under way and waits until each `done` has returned. Not to be called from one.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Waits for the answer. Not to be called from a thread of gRPC (an asynchronous handler, `done`
  // of Start). `method` is "lotura.accounts.v1.OrganizationService/GetOrganization".
  template <typename Answer, typename Request>
  absl::StatusOr<std::unique_ptr<Answer>> Call(const std::string& method, const Request& request,
                                               const CallOptions& options) {
    std::promise<Response> answer;
    Start(method, std::make_shared<const Request>(request), std::make_unique<Answer>(), options,
          [&answer](Response response) { answer.set_value(std::move(response)); });
    Response response = answer.get_future().get();
    if (!response.ok()) return response.status();
    return std::unique_ptr<Answer>(static_cast<Answer*>(response->release()));
  }

  // Calls `done` once, from a thread of gRPC or at once; it must not block. `response` is filled
  // and given to it.
  void Start(const std::string& method, std::shared_ptr<const pbuf::Message> request,
             std::unique_ptr<pbuf::Message> response, const CallOptions& options, Completed done);

 private:
  class Attempt;
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace lotura::rpc
