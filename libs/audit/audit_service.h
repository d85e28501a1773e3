// lotura.audit.v1.AuditService of a process: the sealed journals and the logs of reads of its
// services.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>

#include "libs/audit/search.h"
#include "libs/rpc/door.h"
#include "lotura/audit/v1/audit_service.pb.h"

namespace lotura::audit {

// The package that a door with it serves.
inline constexpr char kAuditPackage[] = "lotura.audit.v1";

// Filled before the server starts, then thread-safe. Must outlive the server.
class AuditService {
 public:
  // The logs of a service; they outlive this object.
  struct Logs {
    PgSeals* seals = nullptr;
    PgReads* reads = nullptr;
  };

  explicit AuditService(const resource::PageTokens& tokens) : tokens_(tokens) {}

  void Add(const std::string& service, const Logs& logs) { sources_.emplace(service, logs); }
  void ServeAt(rpc::Door& door);

 private:
  absl::StatusOr<v1::ExportAuditLogResponse> Export(const Call& call,
                                                    const v1::ExportAuditLogRequest& request) const;
  absl::StatusOr<v1::Seal> Checkpoint(const Call& call,
                                      const v1::GetAuditCheckpointRequest& request) const;
  absl::StatusOr<v1::SearchReadsResponse> FindReads(const Call& call,
                                                    const v1::SearchReadsRequest& request) const;
  absl::StatusOr<v1::SearchChangesResponse> FindChanges(
      const Call& call, const v1::SearchChangesRequest& request) const;
  absl::StatusOr<Logs> LogsOf(const std::string& service) const;

  const resource::PageTokens& tokens_;
  std::map<std::string, Logs, std::less<>> sources_;  // services are no tenant's
};

}  // namespace lotura::audit
