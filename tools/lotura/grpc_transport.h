// Requests over gRPC, each to the endpoint of its service.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "libs/observe/metrics.h"
#include "libs/rpc/client.h"
#include "tools/lotura/api/transport.h"
#include "tools/lotura/connection.h"

namespace lotura::cli {

// Whether calls that may be repeated safely are repeated here, or by whoever calls.
enum class Retries { kHere, kByCaller };

struct CallManner {
  Retries retries = Retries::kHere;
  rpc::Priority priority = rpc::Priority::kInteractive;
};

// Thread-safe.
class GrpcTransport final : public api::Transport {
 public:
  GrpcTransport(Connection connection, rpc::Security security, CallManner manner)
      : connection_(std::move(connection)), security_(security), manner_(manner) {}

  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Call(
      const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
      std::chrono::milliseconds timeout) override;
  absl::StatusOr<std::unique_ptr<api::Conversation>> Converse(
      const google::protobuf::MethodDescriptor& method, const std::string& service) override;

 private:
  rpc::ClientOptions OptionsOf(const std::string& service, const std::string& endpoint) const;
  absl::StatusOr<rpc::Client*> ClientOf(const std::string& service);

  const Connection connection_;
  const rpc::Security security_;
  const CallManner manner_;
  const observe::Metrics metrics_{"lotura"};
  std::mutex mutex_;  // guards clients_
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;
};

}  // namespace lotura::cli
