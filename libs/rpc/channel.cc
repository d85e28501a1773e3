#include "libs/rpc/channel.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>

namespace lotura::rpc {
namespace {

constexpr int kKeepaliveMs = 60'000;
constexpr int kReconnectFirstMs = 100;
constexpr int kReconnectMaxMs = 5'000;
// What an attempt may take: a handshake waits for a processor where there is much to do.
constexpr int kConnectMs = 2'000;
constexpr char kRoundRobin[] = R"({"loadBalancingConfig":[{"round_robin":{}}]})";

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const ClientOptions& options,
                                                        const TlsMaterial* material) {
  if (options.security == Security::kPlain) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  if (material != nullptr) {
    tls.pem_root_certs = material->authorities;
    tls.pem_private_key = material->key;
    tls.pem_cert_chain = material->certificate;
  }
  return grpc::SslCredentials(tls);
}

}  // namespace

std::shared_ptr<const TlsMaterial> MaterialOf(const ClientOptions& options) {
  return options.certificates ? options.certificates() : nullptr;
}

std::shared_ptr<grpc::Channel> ConnectWith(const ClientOptions& options,
                                           const TlsMaterial* material) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.message_bytes_max);
  arguments.SetMaxSendMessageSize(options.message_bytes_max);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectFirstMs);
  // Despite its name the bound of an attempt, which may be longer than the pause behind it.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetServiceConfigJSON(kRoundRobin);
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  return grpc::CreateCustomChannel(options.target, CredentialsOf(options, material), arguments);
}

std::shared_ptr<grpc::Channel> ConnectTo(const ClientOptions& options) {
  return ConnectWith(options, MaterialOf(options).get());
}

}  // namespace lotura::rpc
