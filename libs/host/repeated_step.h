// Drives a step of a service, in one of its processes at a time.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "libs/events/journal.h"
#include "libs/events/step_thread.h"
#include "libs/host/service.h"

namespace lotura::host {

// Owns the thread. Metric: lotura_step_failures_total{step, reason}.
class RepeatedStep {
 public:
  RepeatedStep(StepSpec spec, const StepContext& context, events::Journal& journal,
               const Uuid& holder, const observe::Metrics& metrics, const observe::Log& log);

  void Start() { thread_.Start(); }
  void RequestStop() { thread_.RequestStop(); }
  // The lease goes to whoever wants it.
  void Stop() { thread_.Stop(); }

 private:
  std::chrono::microseconds Run();
  // Whether it is this process's turn.
  absl::StatusOr<bool> HoldLease();
  void Release();
  void Note(const absl::Status& status);

  const StepSpec spec_;
  const StepContext context_;
  events::Journal& journal_;
  const Uuid holder_;
  const observe::CounterFamily failures_;
  const observe::Log log_;
  std::optional<events::LeaseToken> lease_;
  std::chrono::steady_clock::time_point renew_at_;
  std::string last_failure_;
  events::StepThread thread_;
};

}  // namespace lotura::host
