#include "tools/lotura/audit_verb.h"

#include <fmt/format.h>

#include <fstream>

#include "libs/audit/verifier.h"
#include "libs/base/errors.h"
#include "libs/base/files.h"
#include "lotura/audit/v1/audit_service.pb.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/api/json.h"

namespace lotura::cli {
namespace {

using audit::v1::ExportAuditLogRequest;
using audit::v1::ExportAuditLogResponse;
using audit::v1::GetAuditCheckpointRequest;
using audit::v1::Seal;
using audit::v1::SealedEntries;
using audit::v1::SearchChangesRequest;
using audit::v1::SearchChangesResponse;
using audit::v1::SearchReadsRequest;
using audit::v1::SearchReadsResponse;

constexpr char kService[] = "lotura.audit.v1.AuditService";
constexpr std::int32_t kSearchPage = 1000;

absl::Status InFile(const std::string& file, std::int64_t line, const absl::Status& status) {
  return UsageError(fmt::format("{}, line {}: {}", file, line, Message(status)));
}

// Calls `take` with each message of a file that holds one on each line.
template <typename Line, typename Take>
absl::Status ReadLines(const std::string& file, const Take& take) {
  std::ifstream lines(file);
  if (!lines) return UsageError(fmt::format("{} cannot be read", file));
  std::string text;
  for (std::int64_t number = 1; std::getline(lines, text); ++number) {
    if (text.empty()) continue;
    Line line;
    if (const absl::Status read = api::FromJson(text, line); !read.ok())
      return InFile(file, number, read);
    take(std::move(line));
  }
  // A directory opens like a file.
  if (lines.bad() || !lines.eof()) return UsageError(fmt::format("{} cannot be read", file));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<VerifyKey>> ReadKeys(const std::vector<std::string>& files) {
  std::vector<VerifyKey> keys;
  for (const std::string& file : files) {
    LOTURA_ASSIGN_OR_RETURN(const std::string pem, ReadFile(file));
    const auto key = VerifyKey::FromPem(pem);
    if (!key.ok()) return UsageError(fmt::format("{}: {}", file, Message(key.status())));
    keys.push_back(*key);
  }
  return keys;
}

absl::StatusOr<std::vector<Seal>> ReadCheckpoints(const std::vector<std::string>& files) {
  std::vector<Seal> checkpoints;
  for (const std::string& file : files) {
    const std::size_t before = checkpoints.size();
    LOTURA_RETURN_IF_ERROR(
        ReadLines<Seal>(file, [&](Seal seal) { checkpoints.push_back(std::move(seal)); }));
    if (checkpoints.size() == before)
      return UsageError(fmt::format("{} holds no checkpoint", file));
  }
  return checkpoints;
}

ExitCode Tell(const audit::Report& report, const Output& output) {
  for (const audit::Finding& finding : report.findings)
    output.out << fmt::format("seal {}: {}\n", finding.seal, finding.what);
  output.out << fmt::format(
      "seals {} to {}, {} of them with entries, {} entries: {}\n", report.first, report.last,
      report.seals - report.without_entries, report.entries,
      report.findings_count == 0 ? "all as they were sealed"
                                 : fmt::format("{} findings", report.findings_count));
  if (report.without_entries > 0)
    output.out << fmt::format(
        "the entries of the first {} seals are not there: their days are kept no more, or they "
        "were removed\n",
        report.without_entries);
  if (report.gone > 0)
    output.out << fmt::format("{} more entries went with the last day that is kept no more\n",
                              report.gone);
  if (report.left_out > 0)
    output.out << fmt::format("{} contents were left out of the export, their hashes fit\n",
                              report.left_out);
  output.out << std::flush;
  return report.findings_count == 0 ? ExitCode::kOk : ExitCode::kRefused;
}

absl::Status Flush(const Output& output) {
  output.out << std::flush;
  return output.out ? absl::OkStatus()
                    : Unavailable("OUTPUT_FAILED", "the output cannot be written");
}

template <typename Response, typename Request>
absl::Status PrintAll(const Session& session, const AuditSearchFlags& flags, const char* method,
                      Request request) {
  request.set_service(flags.service);
  request.set_record(flags.record);
  request.set_page_size(kSearchPage);
  LOTURA_RETURN_IF_ERROR(api::SetPath(request, "start_time", flags.from));
  LOTURA_RETURN_IF_ERROR(api::SetPath(request, "end_time", flags.until));
  do {
    LOTURA_ASSIGN_OR_RETURN(const auto page, session.Call<Response>(kService, method, request));
    for (const auto& entry : page.entries())
      session.output.out << api::ToJson(entry, api::JsonStyle::kCompact) << "\n";
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && session.output.out);
  return Flush(session.output);
}

}  // namespace

absl::Status AuditSearch(const Session& session, const AuditSearchFlags& flags) {
  if (flags.what == AuditSearchFlags::What::kReads) {
    SearchReadsRequest request;
    request.set_caller(flags.who);
    return PrintAll<SearchReadsResponse>(session, flags, "SearchReads", std::move(request));
  }
  SearchChangesRequest request;
  request.set_actor(flags.who);
  return PrintAll<SearchChangesResponse>(session, flags, "SearchChanges", std::move(request));
}

absl::Status AuditExport(const Session& session, const AuditExportFlags& flags) {
  ExportAuditLogRequest request;
  request.set_service(flags.service);
  request.set_after_number(flags.after);
  for (;;) {
    LOTURA_ASSIGN_OR_RETURN(
        const auto part, session.Call<ExportAuditLogResponse>(kService, "ExportAuditLog", request));
    if (part.sealed().empty()) break;
    for (const SealedEntries& sealed : part.sealed())
      session.output.out << api::ToJson(sealed, api::JsonStyle::kCompact) << "\n";
    if (!session.output.out) break;
    request.set_after_number(part.sealed().rbegin()->seal().number());
  }
  return Flush(session.output);
}

absl::Status AuditCheckpoint(const Session& session, const AuditCheckpointFlags& flags) {
  GetAuditCheckpointRequest request;
  request.set_service(flags.service);
  LOTURA_ASSIGN_OR_RETURN(const auto seal,
                          session.Call<Seal>(kService, "GetAuditCheckpoint", request));
  session.output.out << api::ToJson(seal, api::JsonStyle::kCompact) << "\n";
  return Flush(session.output);
}

absl::StatusOr<ExitCode> AuditVerify(const Output& output, const AuditVerifyFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(std::vector<VerifyKey> keys, ReadKeys(flags.keys));
  LOTURA_ASSIGN_OR_RETURN(std::vector<Seal> checkpoints, ReadCheckpoints(flags.checkpoints));
  audit::Verifier verifier(std::move(keys), std::move(checkpoints),
                           flags.part ? audit::Extent::kPart : audit::Extent::kWhole);
  for (const std::string& file : flags.files) {
    LOTURA_RETURN_IF_ERROR(ReadLines<SealedEntries>(
        file, [&](const SealedEntries& sealed) { verifier.Take(sealed); }));
  }
  const audit::Report report = verifier.Finish();
  if (report.seals == 0 && report.findings_count == 0)
    return UsageError("there is no seal in what was given");
  return Tell(report, output);
}

}  // namespace lotura::cli
