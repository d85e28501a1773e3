#include "libs/rpc/arrival.h"

#include "libs/rpc/wire_status.h"

namespace lotura::rpc {
namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

std::string_view Find(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string_view()
                                 : std::string_view(found->second.data(), found->second.size());
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
  return {.authorization = Find(metadata, "authorization"),
          .traceparent = Find(metadata, "traceparent"),
          .tracestate = Find(metadata, "tracestate"),
          .priority = Find(metadata, "priority"),
          .deadline = ClientDeadline(context)};
}

grpc::Status ToGrpc(const absl::Status& status, std::string_view domain) {
  if (status.ok()) return grpc::Status::OK;
  WireStatus wire = ToWire(status, domain);
  return {static_cast<grpc::StatusCode>(wire.code), std::move(wire.message),
          std::move(wire.details)};
}

}  // namespace lotura::rpc
