#include "libs/audit/audit_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ranges>

#include "libs/base/errors.h"

namespace lotura::audit {

void AuditService::ServeAt(rpc::Door& door) {
  door.Handle("lotura.audit.v1.AuditService/ExportAuditLog",
              rpc::Bind<v1::ExportAuditLogRequest, v1::ExportAuditLogResponse>(
                  [this](const Call& call, const v1::ExportAuditLogRequest& request) {
                    return Export(call, request);
                  }));
  door.Handle("lotura.audit.v1.AuditService/GetAuditCheckpoint",
              rpc::Bind<v1::GetAuditCheckpointRequest, v1::Seal>(
                  [this](const Call& call, const v1::GetAuditCheckpointRequest& request) {
                    return Checkpoint(call, request);
                  }));
  door.Handle("lotura.audit.v1.AuditService/SearchReads",
              rpc::Bind<v1::SearchReadsRequest, v1::SearchReadsResponse>(
                  [this](const Call& call, const v1::SearchReadsRequest& request) {
                    return FindReads(call, request);
                  }));
  door.Handle("lotura.audit.v1.AuditService/SearchChanges",
              rpc::Bind<v1::SearchChangesRequest, v1::SearchChangesResponse>(
                  [this](const Call& call, const v1::SearchChangesRequest& request) {
                    return FindChanges(call, request);
                  }));
}

absl::StatusOr<v1::ExportAuditLogResponse> AuditService::Export(
    const Call& call, const v1::ExportAuditLogRequest& request) const {
  LOTURA_ASSIGN_OR_RETURN(const Logs logs, LogsOf(request.service()));
  if (request.after_number() < 0)
    return InvalidArgument("after_number", "OUT_OF_RANGE", "is negative");
  LOTURA_ASSIGN_OR_RETURN(
      auto sealed,
      logs.seals->ReadAfter(call.principal.tenant, request.after_number(), call.deadline));
  v1::ExportAuditLogResponse response;
  for (v1::SealedEntries& one : sealed) *response.add_sealed() = std::move(one);
  return response;
}

absl::StatusOr<v1::Seal> AuditService::Checkpoint(
    const Call& call, const v1::GetAuditCheckpointRequest& request) const {
  LOTURA_ASSIGN_OR_RETURN(const Logs logs, LogsOf(request.service()));
  LOTURA_ASSIGN_OR_RETURN(auto last, logs.seals->Last(call.principal.tenant, call.deadline));
  if (!last.has_value()) return NotFound("checkpoint", request.service());
  return *std::move(last);
}

absl::StatusOr<v1::SearchReadsResponse> AuditService::FindReads(
    const Call& call, const v1::SearchReadsRequest& request) const {
  LOTURA_ASSIGN_OR_RETURN(const Logs logs, LogsOf(request.service()));
  LOTURA_ASSIGN_OR_RETURN(const Search search, SearchOf(call, request, tokens_));
  return SearchReads(call, search, *logs.reads, tokens_);
}

absl::StatusOr<v1::SearchChangesResponse> AuditService::FindChanges(
    const Call& call, const v1::SearchChangesRequest& request) const {
  LOTURA_ASSIGN_OR_RETURN(const Logs logs, LogsOf(request.service()));
  LOTURA_ASSIGN_OR_RETURN(const Search search, SearchOf(call, request, tokens_));
  return SearchChanges(call, search, *logs.seals, tokens_);
}

absl::StatusOr<AuditService::Logs> AuditService::LogsOf(const std::string& service) const {
  if (service.empty()) return InvalidArgument("service", "REQUIRED", "is missing");
  const auto source = sources_.find(service);
  if (source != sources_.end()) return source->second;
  return InvalidArgument("service", "SERVICE_UNKNOWN",
                         fmt::format("'{}' is not served here; there are {}", service,
                                     fmt::join(std::views::keys(sources_), ", ")));
}

}  // namespace lotura::audit
