#include "libs/base/errors.h"

#include <absl/strings/cord.h>
#include <fmt/format.h>
#include <google/rpc/error_details.pb.h>

#include "libs/base/check.h"
#include "libs/base/stable_bytes.h"

namespace lotura {
namespace {

constexpr char kTypePrefix[] = "type.googleapis.com/";

template <typename Detail>
void Attach(absl::Status& status, const Detail& detail) {
  status.SetPayload(kTypePrefix + detail.GetDescriptor()->full_name(),
                    absl::Cord(StableBytes(detail)));
}

template <typename Detail>
std::optional<Detail> Find(const absl::Status& status) {
  const auto payload = status.GetPayload(kTypePrefix + Detail::descriptor()->full_name());
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

void AttachViolations(absl::Status& status, const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest request;
  for (const FieldViolation& violation : violations) {
    auto* entry = request.add_field_violations();
    entry->set_field(violation.field);
    entry->set_reason(violation.reason);
    entry->set_description(violation.description);
  }
  Attach(status, request);
}

}  // namespace

void Violations::Add(std::string field, std::string reason, std::string description) {
  if (found_.size() >= kMax) return;
  found_.push_back({std::move(field), std::move(reason), std::move(description)});
}

void Violations::AddAll(const std::vector<FieldViolation>& others, std::string_view prefix) {
  for (const FieldViolation& other : others)
    Add(fmt::format("{}{}", prefix, other.field), other.reason, other.description);
}

absl::Status Violations::ToStatus() const {
  if (found_.empty()) return absl::OkStatus();
  const FieldViolation& first = found_.front();
  const bool single = found_.size() == 1;
  absl::Status status =
      single
          ? Error(absl::StatusCode::kInvalidArgument, first.reason,
                  fmt::format("{}: {}", first.field, first.description), {{"field", first.field}})
          : Error(absl::StatusCode::kInvalidArgument, "BAD_REQUEST",
                  fmt::format("{} fields are wrong, the first is {}: {}", found_.size(),
                              first.field, first.description),
                  {{"field", first.field}, {"count", std::to_string(found_.size())}});
  AttachViolations(status, found_);
  return status;
}

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   std::map<std::string, std::string> metadata) {
  LOTURA_CHECK(!reason.empty() && reason.size() <= 63);
  absl::Status status(code, {message.data(), message.size()});
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  for (auto& entry : metadata) (*info.mutable_metadata())[entry.first] = std::move(entry.second);
  Attach(status, info);
  return status;
}

absl::Status InvalidArgument(std::string field, std::string reason, std::string description) {
  Violations violations;
  violations.Add(std::move(field), std::move(reason), std::move(description));
  return violations.ToStatus();
}

absl::Status NotFound(std::string_view what, std::string_view name) {
  absl::Status status = Error(absl::StatusCode::kNotFound, "NOT_FOUND",
                              fmt::format("{} '{}' was not found", what, name),
                              {{"resource_type", std::string(what)}, {"name", std::string(name)}});
  google::rpc::ResourceInfo info;
  info.set_resource_type(std::string(what));
  info.set_resource_name(std::string(name));
  Attach(status, info);
  return status;
}

absl::Status PermissionDenied(std::string_view permission) {
  return Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED",
               fmt::format("permission '{}' is needed", permission),
               {{"permission", std::string(permission)}});
}

absl::Status Unauthenticated(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, reason, message);
}

absl::Status FailedPrecondition(std::string_view reason, std::string_view message,
                                std::map<std::string, std::string> metadata) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, message, std::move(metadata));
}

absl::Status Aborted(std::string_view reason, std::string_view message,
                     std::map<std::string, std::string> metadata) {
  return Error(absl::StatusCode::kAborted, reason, message, std::move(metadata));
}

absl::Status AlreadyExists(std::string_view reason, std::string_view message,
                           std::map<std::string, std::string> metadata) {
  return Error(absl::StatusCode::kAlreadyExists, reason, message, std::move(metadata));
}

absl::Status ResourceExhausted(std::string_view reason, std::string_view message,
                               std::int64_t retry_after_ms) {
  absl::Status status = Error(absl::StatusCode::kResourceExhausted, reason, message);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(retry_after_ms % 1000) *
                                         1'000'000);
  Attach(status, retry);
  return status;
}

absl::Status Unavailable(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, reason, message);
}

absl::Status DeadlineExceeded(std::string_view message) {
  return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", message);
}

absl::Status Internal(std::string_view message) {
  return Error(absl::StatusCode::kInternal, "INTERNAL", message);
}

ErrorInfo InfoOf(const absl::Status& status) {
  const auto info = Find<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return {"INTERNAL", {}};
  return {info->reason(), {info->metadata().begin(), info->metadata().end()}};
}

std::string ReasonOf(const absl::Status& status) { return InfoOf(status).reason; }

std::vector<FieldViolation> ViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  if (const auto request = Find<google::rpc::BadRequest>(status)) {
    for (const auto& entry : request->field_violations()) {
      violations.push_back({entry.field(), entry.reason(), entry.description()});
    }
  }
  return violations;
}

bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

std::string Message(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

}  // namespace lotura
