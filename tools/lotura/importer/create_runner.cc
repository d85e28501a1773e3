#include <fmt/format.h>

#include <mutex>

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/base/names.h"
#include "tools/lotura/importer/existing.h"
#include "tools/lotura/importer/repetition.h"
#include "tools/lotura/importer/step_runner.h"

namespace lotura::importer {
namespace {

// Beyond this many bytes a batch is closed, well below what a service takes in one message.
constexpr std::size_t kBatchBytesMax = 1024UL * 1024;

class CreateRunner {
 public:
  CreateRunner(const StepContext& context, const Parallelism& parallelism, const StepPlan& plan,
               std::vector<RowOutcome>& outcomes)
      : context_(context),
        parallelism_(parallelism),
        plan_(plan),
        outcomes_(outcomes),
        type_(*context.step.type) {}

  absl::Status Run() {
    for (std::size_t wave = 0; wave < plan_.waves; ++wave) {
      const std::vector<Batch> batches = BatchesOf(wave);
      LOTURA_RETURN_IF_ERROR(ForEach(batches.size(), parallelism_.batches,
                                     [&](std::size_t i) { return RunBatch(batches[i]); }));
      const std::vector<const PlannedRow*> singles = std::exchange(refused_, {});
      LOTURA_RETURN_IF_ERROR(ForEach(singles.size(), parallelism_.singles,
                                     [&](std::size_t i) { return RunSingle(*singles[i]); }));
    }
    return absl::OkStatus();
  }

 private:
  using Batch = std::vector<const PlannedRow*>;

  RowOutcome& OutcomeOf(const PlannedRow& row) {
    return outcomes_[static_cast<std::size_t>(&row - plan_.rows.data())];
  }

  void Settle(const PlannedRow& row, Fate fate, std::string reason = "", std::string message = "") {
    OutcomeOf(row) = {fate, std::move(reason), std::move(message)};
    if (fate == Fate::kRejected) {
      const std::lock_guard lock(mutex_);
      rejected_keys_.insert(row.key);
    }
    context_.advance(1);
  }

  // Rejects the row if one that it refers to was; true if it did.
  bool RejectedForReference(const PlannedRow& row) {
    for (const std::string& key : row.references) {
      if (!rejected_keys_.contains(key)) continue;
      Settle(row, Fate::kRejected, "RECORD_REJECTED", fmt::format("'{}' was rejected", key));
      return true;
    }
    return false;
  }

  // Rows of one parent, in the order of the source. The same rows make the same batches again.
  std::vector<Batch> BatchesOf(std::size_t wave) {
    std::map<std::string, Batch> open;
    std::map<std::string, std::size_t> bytes;
    std::vector<Batch> batches;
    for (const PlannedRow& row : plan_.rows) {
      if (row.wave != wave || RejectedForReference(row)) continue;
      const std::string parent(ParentOf(row.name));
      Batch& batch = open[parent];
      const std::size_t size = row.request->ByteSizeLong();
      if (batch.size() >= parallelism_.batch_size ||
          (!batch.empty() && bytes[parent] + size > kBatchBytesMax)) {
        batches.push_back(std::exchange(batch, {}));
        bytes[parent] = 0;
      }
      batch.push_back(&row);
      bytes[parent] += size;
    }
    for (auto& [parent, batch] : open) batches.push_back(std::move(batch));
    return batches;
  }

  [[nodiscard]] std::unique_ptr<pbuf::Message> BatchRequest(const Batch& batch) const {
    auto request = api::NewMessage(*context_.step.method->input_type());
    const pbuf::Reflection* reflection = request->GetReflection();
    const pbuf::Descriptor* descriptor = request->GetDescriptor();
    std::vector<std::string> keys;
    for (const PlannedRow* row : batch) {
      reflection->AddMessage(request.get(), descriptor->FindFieldByName("requests"))
          ->CopyFrom(*row->request);
      keys.push_back(row->key);
    }
    if (type_.HasParent()) {
      reflection->SetString(request.get(), descriptor->FindFieldByName("parent"),
                            std::string(ParentOf(batch.front()->name)));
    }
    return WithRequestId(context_, keys, *request);
  }

  absl::Status RunBatch(const Batch& batch) {
    // Read first, for a repetition is answered like the first request.
    LOTURA_ASSIGN_OR_RETURN(const auto before, FindAll(context_.caller, type_, batch));
    const auto answer = context_.caller.Call(*context_.step.method, *BatchRequest(batch));
    if (answer.ok()) {
      for (const PlannedRow* row : batch)
        Settle(*row, before == nullptr ? Fate::kWritten : Fate::kUnchanged);
      return absl::OkStatus();
    }
    if (IsMadeByAnother(answer.status())) {
      for (const PlannedRow* row : batch) Settle(*row, Fate::kUnchanged);
      return absl::OkStatus();
    }
    if (!IsAboutRequest(answer.status())) return answer.status();
    const std::lock_guard lock(mutex_);
    refused_.insert(refused_.end(), batch.begin(), batch.end());
    return absl::OkStatus();
  }

  absl::Status RunSingle(const PlannedRow& row) {
    LOTURA_ASSIGN_OR_RETURN(const auto before, FindRecord(context_.caller, type_, row.name));
    const auto method = type_.Method(api::Verb::kCreate);
    LOTURA_CHECK(method.ok());
    const auto answer =
        context_.caller.Call(**method, *WithRequestId(context_, {&row.key, 1}, *row.request));
    if (answer.ok()) {
      Settle(row, before == nullptr ? Fate::kWritten : Fate::kUnchanged);
      return absl::OkStatus();
    }
    if (IsMadeByAnother(answer.status())) {
      Settle(row, Fate::kUnchanged);
      return absl::OkStatus();
    }
    if (!IsAboutRequest(answer.status())) return answer.status();
    if (ReasonOf(answer.status()) == "ID_TAKEN") return SettleTaken(row, answer.status());
    Settle(row, Fate::kRejected, ReasonOf(answer.status()), Message(answer.status()));
    return absl::OkStatus();
  }

  // The record is there, but not by this request: by an earlier batch of other rows, by one that
  // the service has forgotten, or by others.
  absl::Status SettleTaken(const PlannedRow& row, const absl::Status& refusal) {
    LOTURA_ASSIGN_OR_RETURN(const auto found, FindRecord(context_.caller, type_, row.name));
    if (found == nullptr) {
      Settle(row, Fate::kRejected, ReasonOf(refusal), Message(refusal));
      return absl::OkStatus();
    }
    LOTURA_ASSIGN_OR_RETURN(const std::string difference, FirstDifference(context_, row, *found));
    if (difference.empty()) {
      Settle(row, Fate::kUnchanged);
    } else {
      Settle(row, Fate::kRejected, ReasonOf(refusal),
             fmt::format("{}, and its {} is another one", Message(refusal), difference));
    }
    return absl::OkStatus();
  }

  const StepContext& context_;
  const Parallelism& parallelism_;
  const StepPlan& plan_;
  std::vector<RowOutcome>& outcomes_;
  const api::ResourceType& type_;
  std::mutex mutex_;  // guards the two below while threads run
  std::vector<const PlannedRow*> refused_;
  std::set<std::string> rejected_keys_;
};

}  // namespace

absl::Status RunCreate(const StepContext& context, const Parallelism& parallelism,
                       const StepPlan& plan, std::vector<RowOutcome>& outcomes) {
  outcomes.assign(plan.rows.size(), {});
  return CreateRunner(context, parallelism, plan, outcomes).Run();
}

}  // namespace lotura::importer
