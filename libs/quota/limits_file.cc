#include "libs/quota/limits_file.h"

#include "libs/base/errors.h"
#include "libs/base/files.h"

namespace lotura::quota {
namespace {

// As many entries as it may have, each with a name and numbers as long as they may be.
constexpr std::size_t kBytesMax = std::size_t{4} << 20;

observe::CounterFamily Loads(const observe::Metrics& metrics) {
  return metrics.AddCounters(
      {.name = "lotura_quota_file_loads_total",
       .help = "Files of quotas that were taken, and looks that found one that cannot be.",
       .labels = {"result"}});
}

}  // namespace

LimitsFile::LimitsFile(const LimitsFileOptions& options, const observe::Log& log,
                       const observe::Metrics& metrics)
    : options_(options),
      log_(log),
      loaded_(Loads(metrics).With({"ok"})),
      failed_(Loads(metrics).With({"failed"})) {}

absl::StatusOr<Limits> LimitsFile::Read() {
  LOTURA_ASSIGN_OR_RETURN(std::string text, ReadFile(options_.path, kBytesMax));
  return Take(std::move(text));
}

absl::StatusOr<Limits> LimitsFile::Take(std::string text) {
  LOTURA_ASSIGN_OR_RETURN(Limits limits, Limits::Parse(text));
  text_ = std::move(text);
  loaded_.Add();
  return limits;
}

void LimitsFile::Start(Use use) {
  thread_ = std::jthread(
      [this, use = std::move(use)](const std::stop_token& stop) { LookUntilStopped(stop, use); });
}

void LimitsFile::LookUntilStopped(const std::stop_token& stop, const Use& use) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wait_.wait_for(lock, stop, options_.refresh, [] { return false; });
    if (!stop.stop_requested()) Look(use);
  }
}

void LimitsFile::Look(const Use& use) {
  auto text = ReadFile(options_.path, kBytesMax);
  if (!text.ok()) {
    Refuse(text.status());
    return;
  }
  if (*text == text_) {
    failure_ = absl::OkStatus();
    return;
  }
  auto limits = Take(*std::move(text));
  if (!limits.ok()) {
    Refuse(limits.status());
    return;
  }
  failure_ = absl::OkStatus();
  use(*std::move(limits));
  log_.Info("new quotas are in force", {observe::Fields::kPath(options_.path)});
}

void LimitsFile::Refuse(const absl::Status& why) {
  failed_.Add();
  // It is told once; the metric tells that it goes on.
  if (why == failure_) return;
  failure_ = why;
  log_.Warning("quotas were not taken, the old ones stay",
               {observe::Fields::kPath(options_.path), observe::Fields::kReason(ReasonOf(why)),
                observe::Fields::kError(observe::Redacted(Message(why)))});
}

}  // namespace lotura::quota
