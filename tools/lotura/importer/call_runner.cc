#include "libs/base/errors.h"
#include "libs/base/names.h"
#include "tools/lotura/importer/existing.h"
#include "tools/lotura/importer/repetition.h"
#include "tools/lotura/importer/step_runner.h"

namespace lotura::importer {
namespace {

class CallRunner {
 public:
  CallRunner(const StepContext& context, const Parallelism& parallelism, const StepPlan& plan,
             std::vector<RowOutcome>& outcomes)
      : context_(context),
        parallelism_(parallelism),
        plan_(plan),
        outcomes_(outcomes),
        update_times_(plan.rows.size(), kUnknown) {}

  absl::Status Run() {
    // Read first, for a repetition is answered like the first request: with a state that is not
    // newer than the present one.
    const std::size_t size = parallelism_.batch_size;
    LOTURA_RETURN_IF_ERROR(ForEach((plan_.rows.size() + size - 1) / size, parallelism_.batches,
                                   [&](std::size_t i) { return ReadBatch(i * size); }));
    return ForEach(plan_.rows.size(), parallelism_.singles,
                   [&](std::size_t i) { return CallOne(i); });
  }

 private:
  static constexpr std::int64_t kUnknown = -1;

  absl::Status ReadBatch(std::size_t begin) {
    const std::size_t end = std::min(begin + parallelism_.batch_size, plan_.rows.size());
    std::vector<const PlannedRow*> rows;
    bool same_parent = true;
    for (std::size_t i = begin; i < end; ++i) {
      rows.push_back(&plan_.rows[i]);
      same_parent = same_parent && ParentOf(plan_.rows[i].name) == ParentOf(plan_.rows[begin].name);
    }
    if (!same_parent) return absl::OkStatus();
    const auto all = FindAll(context_.caller, *context_.step.type, rows);
    if (!all.ok()) return all.status();
    if (*all == nullptr) return absl::OkStatus();
    const pbuf::FieldDescriptor* list =
        api::FindListOf(*(*all)->GetDescriptor(), *context_.step.type->message);
    const pbuf::Reflection* reflection = (*all)->GetReflection();
    if (list == nullptr || reflection->FieldSize(**all, list) != static_cast<int>(rows.size()))
      return absl::OkStatus();
    for (std::size_t i = begin; i < end; ++i) {
      update_times_[i] =
          UpdateTimeOf(reflection->GetRepeatedMessage(**all, list, static_cast<int>(i - begin)));
    }
    return absl::OkStatus();
  }

  absl::Status CallOne(std::size_t i) {
    const PlannedRow& row = plan_.rows[i];
    if (update_times_[i] == kUnknown) {
      LOTURA_ASSIGN_OR_RETURN(const auto before,
                              FindRecord(context_.caller, *context_.step.type, row.name));
      update_times_[i] = before == nullptr ? 0 : UpdateTimeOf(*before);
    }
    const auto answer = context_.caller.Call(*context_.step.method,
                                             *WithRequestId(context_, {&row.key, 1}, *row.request));
    if (answer.ok()) {
      const bool is_record = (*answer)->GetDescriptor() == context_.step.type->message;
      const bool is_newer = !is_record || UpdateTimeOf(**answer) > update_times_[i];
      outcomes_[i].fate = is_newer ? Fate::kWritten : Fate::kUnchanged;
    } else if (IsMadeByAnother(answer.status())) {
      outcomes_[i].fate = Fate::kUnchanged;
    } else if (IsAboutRequest(answer.status())) {
      LOTURA_ASSIGN_OR_RETURN(const bool is_done, WasDone(row));
      if (is_done) {
        outcomes_[i].fate = Fate::kUnchanged;
      } else {
        outcomes_[i] = {Fate::kRejected, ReasonOf(answer.status()), Message(answer.status())};
      }
    } else {
      return answer.status();
    }
    context_.advance(1);
    return absl::OkStatus();
  }

  // Whether the call was made before and the service has forgotten it.
  absl::StatusOr<bool> WasDone(const PlannedRow& row) {
    if (context_.step.action != Action::kCall) return false;
    LOTURA_ASSIGN_OR_RETURN(const auto found,
                            FindRecord(context_.caller, *context_.step.type, row.name));
    return found != nullptr && IsDone(context_, row, *found);
  }

  const StepContext& context_;
  const Parallelism& parallelism_;
  const StepPlan& plan_;
  std::vector<RowOutcome>& outcomes_;
  // Of the records before the calls; each item is touched by one thread at a time.
  std::vector<std::int64_t> update_times_;
};

}  // namespace

absl::Status RunCalls(const StepContext& context, const Parallelism& parallelism,
                      const StepPlan& plan, std::vector<RowOutcome>& outcomes) {
  outcomes.assign(plan.rows.size(), {});
  return CallRunner(context, parallelism, plan, outcomes).Run();
}

}  // namespace lotura::importer
