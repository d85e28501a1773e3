#include "tools/lotura/importer/import.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/errors.h"

namespace lotura::importer {
namespace {

using Clock = std::chrono::steady_clock;

class RejectFile {
 public:
  RejectFile(const Mapping& mapping, std::ostream& out) : mapping_(mapping), out_(out) {
    const std::vector<std::string> titles{"file",   "line",    "step", "key",
                                          "reason", "message", "row"};
    out_ << CsvLine(titles) << "\n";
  }

  // In the order of the source.
  void Write(const Step& step, std::vector<Rejection> rejections) {
    std::ranges::stable_sort(rejections, {},
                             [](const Rejection& rejection) { return rejection.row->line; });
    const std::string& file = mapping_.tables.at(step.table).file;
    for (const Rejection& rejection : rejections) {
      const std::vector<std::string> cells{file,
                                           std::to_string(rejection.row->line),
                                           step.name,
                                           rejection.key,
                                           rejection.reason,
                                           rejection.message,
                                           rejection.row->text};
      out_ << CsvLine(cells) << "\n";
    }
    out_.flush();
  }

 private:
  const Mapping& mapping_;
  std::ostream& out_;
};

StepReport ReportOf(const Step& step, const StepPlan& plan) {
  return {.step = step.name,
          .rows = plan.rows_total,
          .left_out = plan.left_out,
          .rejected = plan.rejections.size()};
}

// Counts the outcomes, adds rejections, and tells the index which records later steps must do
// without.
void Conclude(const Mapping& mapping, const Step& step, const std::vector<RowOutcome>& outcomes,
              StepPlan& plan, RecordIndex& index, StepReport& report) {
  const std::string& file = mapping.tables.at(step.table).file;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const PlannedRow& row = plan.rows[i];
    switch (outcomes[i].fate) {
      case Fate::kPending:
        break;
      case Fate::kWritten:
        ++report.written;
        break;
      case Fate::kUnchanged:
        ++report.unchanged;
        break;
      case Fate::kRejected: {
        ++report.rejected;
        plan.rejections.push_back({row.row, row.key, outcomes[i].reason, outcomes[i].message});
        const std::string place =
            fmt::format("{}:{} was rejected ({})", file, row.row->line, outcomes[i].reason);
        if (step.action == Action::kCreate) {
          index.MarkMissing(step.name, row.key, place);
        } else {
          index.Spoil(step.record_step, row.key, place);
        }
      }
    }
  }
}

}  // namespace

std::size_t ImportReport::Rejected() const {
  std::size_t rejected = 0;
  for (const StepReport& step : steps) rejected += step.rejected;
  return rejected;
}

ImportReport RunImport(const Mapping& mapping, PatientCaller& caller,
                       const Parallelism& parallelism, std::ostream& rejects,
                       ImportObserver& observer) {
  const SlugMaker slugs;
  RecordIndex index;
  RejectFile reject_file(mapping, rejects);
  ImportReport report;
  for (const Step& step : mapping.steps) {
    const auto begin = Clock::now();
    StepPlan plan = PlanStep(mapping, step, slugs, index);
    StepReport step_report = ReportOf(step, plan);
    observer.BeginStep(step, plan.rows.size());
    LaterSteps later(mapping, step, slugs, index);
    const StepContext context{.mapping = mapping,
                              .step = step,
                              .caller = caller,
                              .later = later,
                              .advance = [&](std::size_t rows) { observer.Advance(rows); }};
    std::vector<RowOutcome> outcomes;
    report.stopped = step.action == Action::kCreate
                         ? RunCreate(context, parallelism, plan, outcomes)
                         : RunCalls(context, parallelism, plan, outcomes);
    Conclude(mapping, step, outcomes, plan, index, step_report);
    reject_file.Write(step, std::move(plan.rejections));
    step_report.elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    report.steps.push_back(step_report);
    if (!report.stopped.ok()) return report;
    LOTURA_CHECK(step_report.rows == step_report.left_out + step_report.written +
                                         step_report.unchanged + step_report.rejected);
  }
  return report;
}

ImportReport PlanImport(const Mapping& mapping, std::ostream& rejects) {
  const SlugMaker slugs;
  RecordIndex index;
  RejectFile reject_file(mapping, rejects);
  ImportReport report;
  for (const Step& step : mapping.steps) {
    StepPlan plan = PlanStep(mapping, step, slugs, index);
    StepReport step_report = ReportOf(step, plan);
    step_report.written = plan.rows.size();
    reject_file.Write(step, std::move(plan.rejections));
    report.steps.push_back(step_report);
  }
  return report;
}

}  // namespace lotura::importer
