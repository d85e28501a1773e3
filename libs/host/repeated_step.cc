#include "libs/host/repeated_step.h"

namespace lotura::host {
namespace {

// Longer than a step takes; one that takes longer may run beside another process's, which it is
// made for.
constexpr std::chrono::milliseconds kLease{30'000};
constexpr std::chrono::seconds kLeaseBound{5};

}  // namespace

RepeatedStep::RepeatedStep(StepSpec spec, const StepContext& context, events::Journal& journal,
                           const Uuid& holder, const observe::Metrics& metrics,
                           const observe::Log& log)
    : spec_(std::move(spec)),
      context_(context),
      journal_(journal),
      holder_(holder),
      failures_(metrics.AddCounters({.name = "lotura_step_failures_total",
                                     .help = "Steps beside calls that failed; they are repeated.",
                                     .labels = {"step", "reason"}})),
      log_(log),
      thread_(
          {.name = spec_.name}, metrics, log, [this] { return Run(); }, [this] { Release(); }) {
  // There from the start, for whoever watches it.
  (void)failures_.With({spec_.name, "DATABASE_UNAVAILABLE"});
}

std::chrono::microseconds RepeatedStep::Run() {
  const auto held = HoldLease();
  if (!held.ok()) {
    Note(held.status());
  } else if (*held) {
    Note(spec_.run(context_));
  }
  return spec_.period;
}

absl::StatusOr<bool> RepeatedStep::HoldLease() {
  const auto now = std::chrono::steady_clock::now();
  if (lease_.has_value() && now < renew_at_) return true;
  lease_.reset();
  LOTURA_ASSIGN_OR_RETURN(
      lease_, journal_.Acquire(spec_.name, holder_, kLease, Deadline::After(kLeaseBound)));
  renew_at_ = now + kLease / 3;
  return lease_.has_value();
}

void RepeatedStep::Release() {
  if (lease_.has_value()) (void)journal_.Release(*lease_, Deadline::After(kLeaseBound));
  lease_.reset();
}

void RepeatedStep::Note(const absl::Status& status) {
  const std::string reason = status.ok() ? "" : ReasonOf(status);
  if (!status.ok()) failures_.With({spec_.name, reason}).Add();
  if (std::exchange(last_failure_, reason) == reason || status.ok()) return;
  log_.Warning("a step failed", {observe::Fields::kReason(reason),
                                 observe::Fields::kError(observe::Redacted(Message(status)))});
}

}  // namespace lotura::host
