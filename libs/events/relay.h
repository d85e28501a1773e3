// The relay of one service: a step and the thread that drives it.
#pragma once

#include "libs/events/relay_step.h"
#include "libs/events/step_thread.h"

namespace lotura::events {

// Thread-safe.
class Relay {
 public:
  Relay(const RelayOptions& options, const RelayParts& parts, const observe::Metrics& metrics,
        const observe::Log& log)
      : step_(options, parts, metrics, log, [this] { thread_.Wake(); }),
        thread_(
            {.name = "relay", .spacing = kSpacing}, metrics, log, [this] { return step_.Run(); },
            [this] { step_.Stop(); }) {}
  ~Relay() { Stop(); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Measures the backlog and publishes nothing, until Start.
  void Watch() {
    step_.SetMode(RelayStep::Mode::kWatch);
    thread_.Start();
  }
  // The topic must exist.
  void Start() {
    step_.SetMode(RelayStep::Mode::kPublish);
    thread_.Start();
    thread_.Wake();
  }
  void RequestStop() { thread_.RequestStop(); }
  // Gives the lease away. May be called more than once.
  void Stop() { thread_.Stop(); }
  // To be called after a commit that wrote the journal: the relay looks at once instead of at its
  // next poll. Costs a look at a flag.
  void Wake() { thread_.Wake(); }

 private:
  // Many commits within it are one look.
  static constexpr std::chrono::milliseconds kSpacing{1};

  RelayStep step_;
  StepThread thread_;
};

}  // namespace lotura::events
