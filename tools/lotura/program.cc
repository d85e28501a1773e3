#include "tools/lotura/program.h"

#include "libs/base/errors.h"
#include "tools/lotura/completion.h"

namespace lotura::cli {
namespace {

// Runs a command that needs the services.
class CommandRunner {
 public:
  explicit CommandRunner(const Session& session) : session_(session) {}

  using Outcome = absl::StatusOr<ExitCode>;

  Outcome operator()(const GetFlags& flags) const { return Done(Get(session_, flags.name)); }
  Outcome operator()(const ListFlags& flags) const { return Done(List(session_, flags)); }
  Outcome operator()(const CreateFlags& flags) const { return Done(Create(session_, flags)); }
  Outcome operator()(const UpdateFlags& flags) const { return Done(Update(session_, flags)); }
  Outcome operator()(const RemoveFlags& flags) const {
    return Done(Remove(session_, flags.removal, flags.name, flags.etag));
  }
  Outcome operator()(const ReportCommand& command) const {
    switch (command.report) {
      case Report::kFunnel:
        return Done(Funnel(session_, command.flags));
      case Report::kRevenue:
        return Done(Revenue(session_, command.flags));
    }
    return Internal("unknown report");
  }
  Outcome operator()(const TimelineFlags& flags) const { return Done(Timeline(session_, flags)); }
  Outcome operator()(const TailFlags& flags) const { return Done(TailEvents(session_, flags)); }
  Outcome operator()(const AuditExportFlags& flags) const {
    return Done(AuditExport(session_, flags));
  }
  Outcome operator()(const AuditCheckpointFlags& flags) const {
    return Done(AuditCheckpoint(session_, flags));
  }
  Outcome operator()(const AuditSearchFlags& flags) const {
    return Done(AuditSearch(session_, flags));
  }
  Outcome operator()(const TenantExportFlags& flags) const {
    return Done(TenantExport(session_, flags));
  }
  Outcome operator()(const ImportCommand& command) const { return Import(session_, command.flags); }
  // These need no services and never come here.
  Outcome operator()(const Help& /*help*/) const { return ExitCode::kOk; }
  Outcome operator()(const CompletionFlags& /*flags*/) const { return ExitCode::kOk; }
  Outcome operator()(const AdminCommand& /*command*/) const { return ExitCode::kOk; }
  Outcome operator()(const AuditVerifyFlags& /*flags*/) const { return ExitCode::kOk; }
  Outcome operator()(const StatusFlags& /*flags*/) const { return ExitCode::kOk; }

 private:
  static Outcome Done(const absl::Status& status) {
    if (!status.ok()) return status;
    return ExitCode::kOk;
  }

  const Session& session_;
};

absl::StatusOr<ExitCode> Run(const Arguments& arguments, const Surroundings& surroundings,
                             const Output& output) {
  if (const auto* help = std::get_if<Help>(&arguments.command)) {
    output.out << help->text << std::flush;
    return ExitCode::kOk;
  }
  const api::ResourceModel model = api::ResourceModel::OfLinkedProtos();
  if (const auto* completion = std::get_if<CompletionFlags>(&arguments.command)) {
    output.out << CompletionScript(completion->shell, model) << std::flush;
    return ExitCode::kOk;
  }
  if (const auto* admin = std::get_if<AdminCommand>(&arguments.command)) {
    LOTURA_RETURN_IF_ERROR(surroundings.administer(admin->words));
    return ExitCode::kOk;
  }
  if (const auto* verify = std::get_if<AuditVerifyFlags>(&arguments.command))
    return AuditVerify(output, *verify);
  const auto* import = std::get_if<ImportCommand>(&arguments.command);
  if (import != nullptr && import->dry_run) return ImportDryRun(model, output, import->flags);
  LOTURA_ASSIGN_OR_RETURN(
      const Connection connection,
      ResolveConnection(arguments.connection, surroundings.variables, surroundings.directory));
  if (std::holds_alternative<StatusFlags>(arguments.command)) {
    const auto connect = [&](const Connection& one) {
      return surroundings.connect(one, arguments);
    };
    return Status(connection, connect, arguments.timeout, output);
  }
  LOTURA_RETURN_IF_ERROR(CheckCaller(connection));
  const auto transport = surroundings.connect(connection, arguments);
  const SystemClock clock;
  RandomIds ids(clock);
  const Session session{.model = model,
                        .transport = *transport,
                        .ids = ids,
                        .output = output,
                        .timeout = arguments.timeout};
  return std::visit(CommandRunner(session), arguments.command);
}

}  // namespace

ExitCode RunProgram(std::span<const std::string> arguments, const Surroundings& surroundings) {
  Output output{.out = surroundings.out,
                .err = surroundings.err,
                .style = surroundings.style,
                .err_style = surroundings.err_style};
  const auto parsed = ParseArguments(arguments);
  if (!parsed.ok()) {
    PrintError(parsed.status(), output);
    return ExitCode::kUsage;
  }
  output.format = parsed->format;
  const auto outcome = Run(*parsed, surroundings, output);
  if (outcome.ok()) return *outcome;
  PrintError(outcome.status(), output);
  return ExitCodeOf(outcome.status());
}

}  // namespace lotura::cli
