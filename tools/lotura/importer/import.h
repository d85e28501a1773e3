// A whole import: steps in order, rejects, and what became of every row.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tools/lotura/importer/mapping.h"
#include "tools/lotura/importer/patient_caller.h"
#include "tools/lotura/importer/step_runner.h"

namespace lotura::importer {

// rows = left_out + written + unchanged + rejected, unless the import stopped in this step.
struct StepReport {
  std::string step;
  std::size_t rows = 0;
  std::size_t left_out = 0;
  std::size_t written = 0;
  std::size_t unchanged = 0;
  std::size_t rejected = 0;
  std::chrono::milliseconds elapsed{0};
};

struct ImportReport {
  std::vector<StepReport> steps;
  // Why the import ended before its last step; OK if it did not.
  absl::Status stopped;

  [[nodiscard]] std::size_t Rejected() const;
};

// Sees an import pass. Called by the thread that runs it, Advance by any.
class ImportObserver {
 public:
  virtual ~ImportObserver() = default;
  virtual void BeginStep(const Step& step, std::size_t rows) = 0;
  virtual void Advance(std::size_t rows) = 0;
};

// Runs all steps. Each rejected row becomes a line of `rejects`, in CSV with the columns file,
// line, step, key, reason, message and row; the last one is the row as it stands in its file.
ImportReport RunImport(const Mapping& mapping, PatientCaller& caller,
                       const Parallelism& parallelism, std::ostream& rejects,
                       ImportObserver& observer);

// Plans all steps as if every planned row were written, and sends nothing.
ImportReport PlanImport(const Mapping& mapping, std::ostream& rejects);

}  // namespace lotura::importer
