#include "libs/rpc/wire_status.h"

#include <absl/strings/cord.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <map>

#include "libs/base/errors.h"
#include "libs/base/stable_bytes.h"
#include "libs/base/text.h"

namespace lotura::rpc {
namespace {

constexpr std::size_t kDetailsMax = 4096;
constexpr std::size_t kMessageMax = 1024;

std::string Cut(std::string text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  text.resize(max);
  return text;
}

google::rpc::ErrorInfo InfoFor(const absl::Status& status, std::string_view domain) {
  const ErrorInfo known = InfoOf(status);
  google::rpc::ErrorInfo info;
  info.set_reason(known.reason);
  info.set_domain(std::string(domain));
  for (const auto& [key, value] : known.metadata) (*info.mutable_metadata())[key] = Cut(value, 256);
  return info;
}

// Domain that an error already has, because it comes from a neighbor.
std::string DomainOf(const absl::Cord& payload) {
  google::rpc::ErrorInfo info;
  return info.ParseFromString(std::string(payload)) ? info.domain() : std::string();
}

void FitBadRequest(google::rpc::Status& all, google::protobuf::Any& entry) {
  google::rpc::BadRequest request;
  if (!entry.UnpackTo(&request)) return;
  while (all.ByteSizeLong() > kDetailsMax && request.field_violations_size() > 1) {
    request.mutable_field_violations()->RemoveLast();
    entry.PackFrom(request);
  }
}

void Fit(google::rpc::Status& all) {
  for (auto& entry : *all.mutable_details()) FitBadRequest(all, entry);
  // Only the first detail, the ErrorInfo, is owed to the caller.
  while (all.ByteSizeLong() > kDetailsMax && all.details_size() > 1) {
    all.mutable_details()->RemoveLast();
  }
}

// gRPC's own errors carry no details; these are the ones that a caller treats alike.
const char* ReasonFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    case absl::StatusCode::kUnknown:
      return "UNKNOWN";
    default:
      return "INTERNAL";
  }
}

}  // namespace

WireStatus ToWire(const absl::Status& status, std::string_view domain) {
  if (status.ok()) return {};
  google::rpc::Status all;
  all.set_code(static_cast<int>(status.code()));
  all.set_message(Cut(Message(status), kMessageMax));
  google::rpc::ErrorInfo info = InfoFor(status, domain);
  // In one order: a status has none, and equal errors shall be equal byte by byte.
  std::map<std::string, std::string> others;
  status.ForEachPayload([&](auto type, const absl::Cord& payload) {
    const std::string url(type.data(), type.size());
    if (url == "type.googleapis.com/google.rpc.ErrorInfo") {
      if (std::string own = DomainOf(payload); !own.empty()) info.set_domain(std::move(own));
      return;
    }
    others[url] = std::string(payload);
  });
  google::protobuf::Any* first = all.add_details();
  first->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  first->set_value(StableBytes(info));
  for (auto& [url, payload] : others) {
    google::protobuf::Any* detail = all.add_details();
    detail->set_type_url(url);
    detail->set_value(std::move(payload));
  }
  Fit(all);
  return {.code = all.code(), .message = all.message(), .details = all.SerializeAsString()};
}

absl::Status FromWire(const WireStatus& wire) {
  if (wire.code == 0) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(wire.code);
  google::rpc::Status all;
  const bool typed = !wire.details.empty() && all.ParseFromString(wire.details);
  absl::Status status = Error(code, ReasonFor(code), wire.message);
  if (!typed) return status;
  for (const auto& detail : all.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace lotura::rpc
