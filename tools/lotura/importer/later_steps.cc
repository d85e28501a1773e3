#include "tools/lotura/importer/later_steps.h"

namespace lotura::importer {

const std::vector<LaterSteps::Change>& LaterSteps::About(const std::string& key) {
  std::call_once(planned_, [this] { Plan(); });
  const auto found = changes_.find(key);
  return found == changes_.end() ? none_ : found->second;
}

void LaterSteps::Plan() {
  RecordIndex index = index_;
  bool is_later = false;
  for (const Step& step : mapping_.steps) {
    if (is_later) {
      StepPlan plan = PlanStep(mapping_, step, slugs_, index);
      if (step.action != Action::kCreate && step.record_step == step_.record_step) {
        plans_.push_back(std::move(plan));
        for (const PlannedRow& row : plans_.back().rows) changes_[row.key].push_back({&step, &row});
      }
    }
    is_later = is_later || &step == &step_;
  }
}

}  // namespace lotura::importer
