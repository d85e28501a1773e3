#include "libs/rpc/arrival.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include "libs/rpc/wire_status.h"

namespace lotura::rpc {
namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

std::string_view ViewOf(const grpc::string_ref& text) { return {text.data(), text.size()}; }

std::string_view Find(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string_view() : ViewOf(found->second);
}

// gRPC has verified the certificate, or there is none: the server asks for none that it does not
// verify.
Peer PeerOf(const grpc::CallbackServerContext& context) {
  Peer peer;
  // The context keeps it, and so what the names point to.
  const std::shared_ptr<const grpc::AuthContext> connection = context.auth_context();
  if (connection == nullptr) return peer;
  for (const grpc::string_ref& id :
       connection->FindPropertyValues(GRPC_PEER_SPIFFE_ID_PROPERTY_NAME))
    peer.spiffe_id = ViewOf(id);
  for (const grpc::string_ref& name : connection->FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME))
    peer.dns_names.push_back(ViewOf(name));
  return peer;
}

std::optional<Deadline> ClientDeadline(const grpc::CallbackServerContext& context) {
  const auto at = context.deadline();
  if (at == std::chrono::system_clock::time_point::max()) return std::nullopt;
  const auto left = at - std::chrono::system_clock::now();
  constexpr std::chrono::hours kFar{24 * 365};
  if (left > kFar) return std::nullopt;
  return Deadline(std::chrono::steady_clock::now() + left);
}

}  // namespace

Arrival ArrivalOf(const grpc::CallbackServerContext& context) {
  const Metadata& metadata = context.client_metadata();
  const std::string_view authorization = Find(metadata, "authorization");
  return {.authorization = authorization,
          .traceparent = Find(metadata, "traceparent"),
          .tracestate = Find(metadata, "tracestate"),
          .priority = Find(metadata, "priority"),
          .deadline = ClientDeadline(context),
          .peer = authorization.empty() ? PeerOf(context) : Peer(),
          .tenant = Find(metadata, "tenant")};
}

grpc::Status ToGrpc(const absl::Status& status, std::string_view domain) {
  if (status.ok()) return grpc::Status::OK;
  WireStatus wire = ToWire(status, domain);
  return {static_cast<grpc::StatusCode>(wire.code), std::move(wire.message),
          std::move(wire.details)};
}

}  // namespace lotura::rpc
