#include "libs/rpc/server.h"

#include <fmt/format.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "libs/base/address.h"
#include "libs/base/errors.h"
#include "libs/base/limits.h"
#include "libs/rpc/reactors.h"
#include "libs/rpc/refusals.h"
#include "libs/rpc/runtime.h"
#include "libs/rpc/server_credentials.h"
#include "libs/rpc/tls_source.h"

namespace lotura::rpc {
namespace {

constexpr std::chrono::milliseconds kSweepEvery{50};
// Between answering what is left and cutting the connections, so that the answers arrive.
constexpr std::chrono::seconds kLastWords{1};
constexpr std::chrono::milliseconds kSilence{20};
// gRPC's own refusal is not typed, so it stands beyond the one of the pipeline.
constexpr int kTransportBytesMax = 4 * static_cast<int>(kMessageBytesMax);

int Milliseconds(std::chrono::milliseconds span) { return static_cast<int>(span.count()); }

void Configure(grpc::ServerBuilder& builder, const ServerOptions& options) {
  builder.SetMaxReceiveMessageSize(kTransportBytesMax);
  builder.SetMaxSendMessageSize(kTransportBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.streams_per_connection_max);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Milliseconds(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(options.client_keepalive_min));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             Milliseconds(options.connection_age_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(options.connection_age_grace));
  // Otherwise a second server would share the port in silence.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

struct Server::Parts {
  explicit Parts(Door& served) : door(served), service(served) {}

  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials(
      const ServerOptions& options);
  void SweepUntilStopped(const std::stop_token& stop);

  Door& door;
  DoorService service;
  // Both are asked for certificates until the server is gone.
  std::unique_ptr<TlsSource> certificates;
  std::shared_ptr<grpc::ServerCredentials> credentials;  // shared with the builder
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::mutex drain_mutex;  // guards drained, and is held while draining
  bool drained = false;

  std::mutex sweep_mutex;  // only for the wait
  std::condition_variable_any sweep_wait;
  std::jthread sweeper;
};

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Server::Parts::Credentials(
    const ServerOptions& options) {
  const Pipeline& pipeline = door.pipeline();
  const TlsSourceOptions source{
      .files = options.tls, .use = "server", .refresh = options.tls_refresh};
  if (options.tls.certificate.empty()) {
    // So that its series exist.
    const TlsMetrics metrics(pipeline.metrics(), source.use);
    return grpc::InsecureServerCredentials();
  }
  // gRPC 1.51 may use certificates that it has just thrown away if two connections come at the same
  // time over two addresses. A name may have two.
  if (!IsUnixSocket(options.address) && !IsNumericHost(HostOf(options.address))) {
    return InvalidArgument(
        "address", "GRPC_ADDRESS",
        fmt::format("TLS is served on a number or a socket, not on {}", options.address));
  }
  LOTURA_ASSIGN_OR_RETURN(certificates, TlsSource::Create(source, pipeline.clock(), pipeline.log(),
                                                          pipeline.metrics()));
  certificates->Start();
  return ReloadingCredentials(*certificates);
}

void Server::Parts::SweepUntilStopped(const std::stop_token& stop) {
  std::unique_lock lock(sweep_mutex);
  while (!stop.stop_requested()) {
    sweep_wait.wait_for(lock, stop, kSweepEvery, [] { return false; });
    door.pipeline().Sweep(std::chrono::steady_clock::now());
  }
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Door& door) {
  ConfigureRuntime();
  auto parts = std::make_unique<Parts>(door);
  LOTURA_ASSIGN_OR_RETURN(parts->credentials, parts->Credentials(options));
  grpc::ServerBuilder builder;
  Configure(builder, options);
  builder.AddListeningPort(options.address, parts->credentials, &parts->port);
  builder.RegisterCallbackGenericService(&parts->service);
  parts->server = builder.BuildAndStart();
  const bool is_socket = options.address.starts_with("unix:");
  if (parts->server == nullptr || (parts->port == 0 && !is_socket)) {
    return Error(absl::StatusCode::kUnavailable, "GRPC_PORT",
                 fmt::format("cannot serve gRPC on {}", options.address),
                 {{"address", options.address}});
  }
  if (is_socket) parts->port = 0;
  door.pipeline().executor().Start();
  parts->sweeper =
      std::jthread([raw = parts.get()](std::stop_token stop) { raw->SweepUntilStopped(stop); });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
  Drain({.announce = std::chrono::milliseconds(0), .calls = kLastWords});
  parts_->door.pipeline().executor().Stop();
}

int Server::port() const { return parts_->port; }
std::shared_ptr<grpc::Channel> Server::InProcessChannel() const {
  return parts_->server->InProcessChannel(grpc::ChannelArguments());
}

void Server::Drain(const DrainBounds& bounds) {
  const std::lock_guard once(parts_->drain_mutex);
  if (std::exchange(parts_->drained, true)) return;
  Pipeline& pipeline = parts_->door.pipeline();
  parts_->door.health().SetAll(Serving::kNo);
  std::this_thread::sleep_for(bounds.announce);
  pipeline.EndStreams(Stopping());
  // A call that reaches gRPC between its shutdown and the client's notice of it is lost to
  // CANCELLED. So new calls are held until their clients wait for them, and are answered when the
  // notice is on its way.
  pipeline.Hold();
  std::this_thread::sleep_for(kSilence);
  const Deadline calls_end = Deadline::After(bounds.calls);
  // gRPC 1.51 may never return without a deadline.
  const std::jthread shutdown([this, end = bounds.calls + kLastWords] {
    parts_->server->Shutdown(std::chrono::system_clock::now() + end);
  });
  std::this_thread::sleep_for(kSilence);
  pipeline.Refuse(Stopping());
  pipeline.AwaitCalls(calls_end);
  pipeline.EndCalls(Error(absl::StatusCode::kDeadlineExceeded, "STOPPING",
                          "the server stopped before the call was done"));
}

}  // namespace lotura::rpc
