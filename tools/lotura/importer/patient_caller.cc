#include "tools/lotura/importer/patient_caller.h"

#include <absl/strings/cord.h>
#include <fmt/format.h>
#include <google/rpc/error_details.pb.h>

#include <algorithm>
#include <random>
#include <thread>

#include "libs/base/errors.h"

namespace lotura::importer {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kReferenceNotFound = "REFERENCE_NOT_FOUND";
constexpr std::size_t kAwaitedMax = 100'000;
// A broken stream may look like a fault of the service; a real one comes again.
constexpr int kInternalRetries = 2;

// Nothing without a RetryInfo.
std::optional<milliseconds> RetryDelayOf(const absl::Status& status) {
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.RetryInfo");
  google::rpc::RetryInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return std::chrono::seconds(info.retry_delay().seconds()) +
         milliseconds(info.retry_delay().nanos() / 1'000'000);
}

// gRPC itself says UNKNOWN when a connection breaks in the middle of an answer.
bool IsOutcomeUnknown(const absl::Status& status) {
  const bool is_typed = status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo").has_value();
  const std::string reason = ReasonOf(status);
  return !is_typed || reason == "UNKNOWN" || reason == "COMMIT_IN_DOUBT";
}

// Whether a service made the error, and not the network or one that is on its way down.
bool IsFromService(const absl::Status& status) {
  return status.code() != absl::StatusCode::kUnavailable &&
         status.code() != absl::StatusCode::kDeadlineExceeded &&
         status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo").has_value();
}

}  // namespace

void RealPacer::Wait(milliseconds span) { std::this_thread::sleep_for(span); }

double RealPacer::Jitter() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>(0.5, 1.5)(random);
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> PatientCaller::Call(
    const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request) {
  bool has_waited_for_reference = false;
  for (int attempt = 0;; ++attempt) {
    auto answer = transport_.Call(method, request, patience_.of_attempt);
    if (answer.ok()) {
      if (has_waited_for_reference) NoteReferenceFound();
      NoteResult();
      return answer;
    }
    const bool may_retry =
        MayRetry(answer.status()) ||
        (answer.status().code() == absl::StatusCode::kInternal && attempt < kInternalRetries);
    if (!may_retry) {
      NoteResult();
      return answer;
    }
    if (IsFromService(answer.status())) NoteAnswer();
    if (IsExhausted()) {
      return Unavailable(
          "PATIENCE_EXHAUSTED",
          fmt::format("nothing was done for {} s; the last error was: {}",
                      patience_.without_answer.count() / 1000, Message(answer.status())));
    }
    has_waited_for_reference |= ReasonOf(answer.status()) == kReferenceNotFound;
    ++retries_;
    pacer_.Wait(PauseAfter(attempt, answer.status()));
  }
}

bool PatientCaller::MayRetry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    case absl::StatusCode::kUnknown:
      return IsOutcomeUnknown(status);
    case absl::StatusCode::kResourceExhausted:
      return RetryDelayOf(status).has_value();
    case absl::StatusCode::kFailedPrecondition:
      return MayWaitForReference(status);
    default:
      return false;
  }
}

bool PatientCaller::MayWaitForReference(const absl::Status& status) {
  ErrorInfo info = InfoOf(status);
  const std::string& name = info.metadata["name"];
  if (info.reason != kReferenceNotFound || !name.starts_with("//")) return false;
  const std::lock_guard lock(mutex_);
  if (awaited_.size() >= kAwaitedMax) return false;
  const Pacer::Point now = pacer_.Now();
  const auto [since, is_new] = awaited_.emplace(name, now);
  if (!in_vain_since_.has_value()) in_vain_since_ = now;
  return now - since->second < patience_.for_reference &&
         now - *in_vain_since_ < 2 * patience_.for_reference;
}

void PatientCaller::NoteReferenceFound() {
  const std::lock_guard lock(mutex_);
  in_vain_since_.reset();
}

void PatientCaller::NoteAnswer() {
  const std::lock_guard lock(mutex_);
  last_answer_ = pacer_.Now();
}

void PatientCaller::NoteResult() {
  const std::lock_guard lock(mutex_);
  last_answer_ = last_result_ = pacer_.Now();
}

bool PatientCaller::IsExhausted() {
  const std::lock_guard lock(mutex_);
  const Pacer::Point now = pacer_.Now();
  // Longer than anybody waits for a reference.
  const milliseconds without_result =
      std::max(10 * patience_.without_answer, 4 * patience_.for_reference);
  exhausted_ = exhausted_ || now - last_answer_ >= patience_.without_answer ||
               now - last_result_ >= without_result;
  return exhausted_;
}

milliseconds PatientCaller::PauseAfter(int attempt, const absl::Status& status) {
  constexpr int kDoublingsMax = 20;
  milliseconds pause = patience_.first_pause * (1 << std::min(attempt, kDoublingsMax));
  pause = std::min(pause, patience_.longest_pause);
  if (const auto delay = RetryDelayOf(status)) pause = std::max(pause, *delay);
  return std::chrono::duration_cast<milliseconds>(pause * pacer_.Jitter());
}

bool IsAboutRequest(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

}  // namespace lotura::importer
