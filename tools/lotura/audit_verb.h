// audit: the sealed log of a service, brought out and verified where nobody can change it.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tools/lotura/exit_code.h"
#include "tools/lotura/session.h"

namespace lotura::cli {

struct AuditExportFlags {
  std::string service;
  // The number of the last seal that was exported before.
  std::int64_t after = 0;
};

struct AuditCheckpointFlags {
  std::string service;
};

struct AuditSearchFlags {
  enum class What { kReads, kChanges };

  What what = What::kReads;
  std::string service;
  // "users/anna", "people/p1"; empty: any.
  std::string who;
  std::string record;
  // 2026-11-29 or 2026-11-29T08:00:00Z; empty: the last day.
  std::string from;
  std::string until;
};

struct AuditVerifyFlags {
  // Exports, in the order in which they follow each other.
  std::vector<std::string> files;
  // Public keys in PEM.
  std::vector<std::string> keys;
  // What AuditCheckpoint printed.
  std::vector<std::string> checkpoints;
  // The exports need not begin with the first seal, nor hold checkpoints before theirs.
  bool part = false;
};

// One line of JSON for each seal with its entries.
absl::Status AuditExport(const Session& session, const AuditExportFlags& flags);
// The last seal, on a line.
absl::Status AuditCheckpoint(const Session& session, const AuditCheckpointFlags& flags);
// One line of JSON for each read or change that fits, oldest first.
absl::Status AuditSearch(const Session& session, const AuditSearchFlags& flags);
// Needs no service. kRefused, with a line for each finding, if a log is not as it was sealed.
absl::StatusOr<ExitCode> AuditVerify(const Output& output, const AuditVerifyFlags& flags);

}  // namespace lotura::cli
