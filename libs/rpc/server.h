// The gRPC server in front of a door, and how it stops.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <memory>
#include <string>

#include "libs/rpc/door.h"
#include "libs/rpc/tls_material.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace lotura::rpc {

struct ServerOptions {
  // "address:port" or "unix:/path"; port 0 takes a free one.
  std::string address = "127.0.0.1:0";
  // All headers of a call together. A token with many groups is large; gRPC's own limit is 8 KiB.
  int metadata_bytes_max = 32 << 10;
  int streams_per_connection_max = 1000;
  // When a connection is silent, the server asks whether the client still lives.
  std::chrono::milliseconds keepalive_time{60'000};
  std::chrono::milliseconds keepalive_timeout{20'000};
  // How often a client may ask the same.
  std::chrono::milliseconds client_keepalive_min{30'000};
  // A connection is closed after this time (10 % more or less) and opened anew, so that clients
  // find new replicas.
  std::chrono::milliseconds connection_age_max{30 * 60'000};
  std::chrono::milliseconds connection_age_grace{60'000};
  // With a certificate all connections are encrypted, with authorities clients must have one, too;
  // without any, everything is plain text. The files are read again when they change.
  TlsFiles tls = {};
  std::chrono::milliseconds tls_refresh{10'000};
};

struct DrainBounds {
  // Between "not serving" and the end of new calls: as long as load balancers need to notice.
  std::chrono::milliseconds announce{5'000};
  // For calls in flight.
  std::chrono::milliseconds calls{10'000};
};

// Thread-safe.
class Server {
 public:
  // Starts the executor and serves. UNAVAILABLE (GRPC_PORT) if the address cannot be taken,
  // INVALID_ARGUMENT (GRPC_ADDRESS) if TLS cannot be served there, the errors of LoadTls for wrong
  // files. All services of the door are "not serving" until the application says otherwise. `door`
  // and `executor` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, Door& door);
  // Drains without waiting for load balancers, unless that was done, and stops the executor. Waits
  // for handlers that still run: one that never returns cannot be stopped, only outlived by an
  // ExitGuard.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // 0 for a unix socket.
  [[nodiscard]] int port() const;

  // For a client in the same process.
  [[nodiscard]] std::shared_ptr<grpc::Channel> InProcessChannel() const;

  // Health says NOT_SERVING, load balancers get time to notice, streams end with UNAVAILABLE, new
  // calls are sent elsewhere, calls in flight are awaited and, when the time is over, answered with
  // DEADLINE_EXCEEDED (STOPPING), connections close. Afterwards every accepted call has its answer.
  // Returns within the bounds and two seconds more, unless gRPC hangs.
  void Drain(const DrainBounds& bounds);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace lotura::rpc
