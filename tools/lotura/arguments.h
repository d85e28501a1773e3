// The command line.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tools/lotura/admin_verb.h"
#include "tools/lotura/audit_verb.h"
#include "tools/lotura/connection.h"
#include "tools/lotura/events_verb.h"
#include "tools/lotura/import_verb.h"
#include "tools/lotura/output.h"
#include "tools/lotura/record_verbs.h"
#include "tools/lotura/report_verbs.h"
#include "tools/lotura/status_verb.h"
#include "tools/lotura/tenant_export.h"
#include "tools/lotura/timeline_verb.h"

namespace lotura::cli {

struct GetFlags {
  std::string name;
};

struct RemoveFlags {
  Removal removal = Removal::kDelete;
  std::string name;
  std::string etag;
};

enum class Report { kFunnel, kRevenue };

struct ReportCommand {
  Report report = Report::kFunnel;
  ReportFlags flags;
};

struct ImportCommand {
  ImportFlags flags;
  bool dry_run = false;
};

// What lotura-all is to do: its words.
struct AdminCommand {
  std::vector<std::string> words;
};

struct CompletionFlags {
  std::string shell;
};

// A help to print instead of doing anything.
struct Help {
  std::string text;
};

using Command =
    std::variant<Help, GetFlags, ListFlags, CreateFlags, UpdateFlags, RemoveFlags, ReportCommand,
                 TimelineFlags, TailFlags, AuditExportFlags, AuditCheckpointFlags, AuditSearchFlags,
                 AuditVerifyFlags, TenantExportFlags, ImportCommand, AdminCommand, CompletionFlags,
                 StatusFlags>;

struct Arguments {
  ConnectionFlags connection;
  bool tls = false;
  Format format = Format::kTable;
  std::chrono::seconds timeout{10};
  Command command;
};

// `arguments` without the program's name. Errors have the reason USAGE.
absl::StatusOr<Arguments> ParseArguments(std::span<const std::string> arguments);

// A verb, what it does, and its options.
struct VerbSummary {
  std::string name;
  std::string help;
  std::vector<std::string> options;
};

// All verbs, for shell completion.
std::vector<VerbSummary> Verbs();

}  // namespace lotura::cli
