// import: brings CSV files in by a mapping.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <string>

#include "tools/lotura/exit_code.h"
#include "tools/lotura/importer/step_runner.h"
#include "tools/lotura/session.h"

namespace lotura::cli {

struct ImportFlags {
  std::string mapping;
  // Empty: <name of the mapping>.rejects.csv in the working directory, and for a dry run
  // <name of the mapping>.dry-run.rejects.csv.
  std::string rejects;
  std::chrono::seconds patience{60};
  importer::Parallelism parallelism;
};

// Prints what became of the rows of each step.
absl::StatusOr<ExitCode> Import(const Session& session, const ImportFlags& flags);
// Reads and plans everything and sends nothing; needs no service.
absl::StatusOr<ExitCode> ImportDryRun(const api::ResourceModel& model, const Output& output,
                                      const ImportFlags& flags);

}  // namespace lotura::cli
