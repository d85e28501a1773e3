// A consumer of events: a step and the thread that drives it.
#pragma once

#include "libs/events/consumer_step.h"
#include "libs/events/step_thread.h"

namespace lotura::events {

// Thread-safe.
class EventConsumer {
 public:
  EventConsumer(const ConsumerOptions& options, Bus& bus, Inbox& inbox, const Clock& clock,
                const observe::Metrics& metrics, const observe::Log& log)
      : step_(options, bus, inbox, clock, metrics, log),
        thread_(
            {.name = options.name}, metrics, log, [this] { return step_.Run(); },
            [this] { step_.Stop(); }) {}
  ~EventConsumer() { Stop(); }
  EventConsumer(const EventConsumer&) = delete;
  EventConsumer& operator=(const EventConsumer&) = delete;

  void Start() { thread_.Start(); }
  void RequestStop() { thread_.RequestStop(); }
  // Ends after the batch that is being applied and leaves the group. May be called more than once.
  void Stop() { thread_.Stop(); }

 private:
  ConsumerStep step_;
  StepThread thread_;
};

}  // namespace lotura::events
