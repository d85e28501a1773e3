// Sends what was planned for a step.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "tools/lotura/importer/later_steps.h"
#include "tools/lotura/importer/patient_caller.h"
#include "tools/lotura/importer/plan.h"

namespace lotura::importer {

enum class Fate { kPending, kWritten, kUnchanged, kRejected };

// What became of a planned row.
struct RowOutcome {
  Fate fate = Fate::kPending;
  std::string reason;
  std::string message;
};

// What a step needs of the world.
struct StepContext {
  const Mapping& mapping;
  const Step& step;
  PatientCaller& caller;
  LaterSteps& later;
  // Called by any thread with the number of rows that are done.
  std::function<void(std::size_t)> advance;
};

struct Parallelism {
  // Calls that create or read a batch, and calls about one record, that are under way at once.
  std::size_t batches = 4;
  std::size_t singles = 64;
  // Rows in a batch.
  std::size_t batch_size = 200;
};

// Runs `work(i)` for all i below `count` on at most `threads` threads, until one returns an error,
// which is returned.
absl::Status ForEach(std::size_t count, std::size_t threads,
                     const std::function<absl::Status(std::size_t)>& work);

// Creates the records of a step wave by wave in batches; what a batch is refused for is found by
// creating its records one by one. An outcome for each row of the plan; an error if going on makes
// no sense, such as for lack of a permission, with the outcomes until then.
absl::Status RunCreate(const StepContext& context, const Parallelism& parallelism,
                       const StepPlan& plan, std::vector<RowOutcome>& outcomes);

// Calls the method of a step that updates or calls, once for each row.
absl::Status RunCalls(const StepContext& context, const Parallelism& parallelism,
                      const StepPlan& plan, std::vector<RowOutcome>& outcomes);

// A copy of the request with the request_id that follows from the step, the keys of its rows and
// its content.
std::unique_ptr<pbuf::Message> WithRequestId(const StepContext& context,
                                             std::span<const std::string> keys,
                                             const pbuf::Message& request);

// Whether the very same request was made before by another caller.
bool IsMadeByAnother(const absl::Status& status);

}  // namespace lotura::importer
