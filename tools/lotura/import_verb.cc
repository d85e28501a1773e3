#include "tools/lotura/import_verb.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/base/errors.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/importer/import.h"
#include "tools/lotura/importer/mapping_reader.h"
#include "tools/lotura/terminal/display_width.h"
#include "tools/lotura/terminal/progress_bar.h"
#include "tools/lotura/terminal/table.h"

namespace lotura::cli {
namespace {

using importer::ImportReport;
using importer::StepReport;

class ProgressObserver final : public importer::ImportObserver {
 public:
  explicit ProgressObserver(const Output& output) : bar_(output.err, output.err_style) {}

  void BeginStep(const importer::Step& step, std::size_t rows) override {
    bar_.Begin(step.name, rows);
  }
  void Advance(std::size_t rows) override { bar_.Advance(rows); }

 private:
  terminal::ProgressBar bar_;
};

// A reject file that is open for writing, and its path.
struct RejectFile {
  std::string path;
  std::ofstream stream;
};

// `usual` is its path if none was chosen.
absl::StatusOr<RejectFile> OpenRejects(const ImportFlags& flags, const std::string& usual) {
  RejectFile file;
  file.path = flags.rejects.empty() ? usual : flags.rejects;
  file.stream.open(file.path, std::ios::binary | std::ios::trunc);
  if (file.stream) return file;
  return Error(absl::StatusCode::kInvalidArgument, "FILE_UNWRITABLE",
               fmt::format("{} cannot be written", file.path), {{"file", file.path}});
}

void PrintNotes(const importer::Mapping& mapping, const Output& output) {
  for (const std::string& note : mapping.notes)
    output.err << "lotura: " << terminal::Printable(note) << "\n";
}

void PrintTable(const ImportReport& report, const Output& output) {
  terminal::Table table;
  table.AddColumn("step");
  for (const char* title : {"rows", "left out", "written", "unchanged", "rejected", "seconds"})
    table.AddColumn(title, terminal::Align::kRight);
  const auto count = [](std::size_t number) {
    return api::GroupedText(static_cast<std::int64_t>(number));
  };
  for (const StepReport& step : report.steps) {
    table.AddRow({step.step, count(step.rows), count(step.left_out), count(step.written),
                  count(step.unchanged), count(step.rejected),
                  fmt::format("{:.1f}", static_cast<double>(step.elapsed.count()) / 1000)});
  }
  output.out << table.Render(output.style) << std::flush;
}

void PrintJson(const ImportReport& report, const std::string& rejects, const Output& output) {
  nlohmann::ordered_json json{{"steps", nlohmann::ordered_json::array()}};
  for (const StepReport& step : report.steps) {
    json["steps"].push_back({{"step", step.step},
                             {"rows", step.rows},
                             {"left_out", step.left_out},
                             {"written", step.written},
                             {"unchanged", step.unchanged},
                             {"rejected", step.rejected},
                             {"seconds", static_cast<double>(step.elapsed.count()) / 1000}});
  }
  json["rejects"] = rejects;
  output.out << json.dump(2) << std::endl;
}

absl::StatusOr<ExitCode> Conclude(const ImportReport& report, RejectFile& rejects,
                                  const Output& output) {
  if (output.format == Format::kJson) {
    PrintJson(report, rejects.path, output);
  } else {
    PrintTable(report, output);
  }
  rejects.stream.close();
  if (rejects.stream.fail()) {
    return Error(absl::StatusCode::kInvalidArgument, "FILE_UNWRITABLE",
                 fmt::format("{} could not be written to its end", rejects.path));
  }
  if (!report.stopped.ok()) {
    output.err << "lotura: the import stopped in step '" << report.steps.back().step
               << "'; repeat the command to go on where it was\n";
    return report.stopped;
  }
  if (report.Rejected() == 0) return ExitCode::kOk;
  output.err << fmt::format("lotura: rejected rows: {}, see {}\n", report.Rejected(), rejects.path);
  return ExitCode::kRejects;
}

}  // namespace

absl::StatusOr<ExitCode> Import(const Session& session, const ImportFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(const importer::Mapping mapping,
                          importer::ReadMapping(flags.mapping, session.model));
  PrintNotes(mapping, session.output);
  LOTURA_ASSIGN_OR_RETURN(RejectFile rejects, OpenRejects(flags, mapping.name + ".rejects.csv"));
  importer::RealPacer pacer;
  importer::PatientCaller caller(session.transport, pacer,
                                 {.without_answer = flags.patience, .of_attempt = session.timeout});
  ImportReport report;
  {
    ProgressObserver observer(session.output);
    report = importer::RunImport(mapping, caller, flags.parallelism, rejects.stream, observer);
  }
  return Conclude(report, rejects, session.output);
}

absl::StatusOr<ExitCode> ImportDryRun(const api::ResourceModel& model, const Output& output,
                                      const ImportFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(const importer::Mapping mapping,
                          importer::ReadMapping(flags.mapping, model));
  PrintNotes(mapping, output);
  LOTURA_ASSIGN_OR_RETURN(RejectFile rejects,
                          OpenRejects(flags, mapping.name + ".dry-run.rejects.csv"));
  return Conclude(importer::PlanImport(mapping, rejects.stream), rejects, output);
}

}  // namespace lotura::cli
