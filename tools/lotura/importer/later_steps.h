// What the rest of an import is going to do with a record.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tools/lotura/importer/plan.h"

namespace lotura::importer {

// Planned when somebody asks for the first time, which only a repetition has reason to do.
// Thread-safe. Lives no longer than what it was made of, and nobody changes that while it is asked.
class LaterSteps {
 public:
  // A row of a later step about the record.
  struct Change {
    const Step* step = nullptr;
    const PlannedRow* row = nullptr;
  };

  // `index` holds the records of this step and of those before it.
  LaterSteps(const Mapping& mapping, const Step& step, const SlugMaker& slugs,
             const RecordIndex& index)
      : mapping_(mapping), step_(step), slugs_(slugs), index_(index) {}

  // The changes of the record that the step made of the row with this key, in their order.
  const std::vector<Change>& About(const std::string& key);

 private:
  void Plan();

  const Mapping& mapping_;
  const Step& step_;
  const SlugMaker& slugs_;
  const RecordIndex& index_;
  std::once_flag planned_;
  // Written once; a deque keeps the addresses of its rows.
  std::deque<StepPlan> plans_;
  std::map<std::string, std::vector<Change>> changes_;
  const std::vector<Change> none_;
};

}  // namespace lotura::importer
