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
        thread_([this] { return step_.Run(); }, std::chrono::microseconds(0)) {}
  ~EventConsumer() { Stop(); }
  EventConsumer(const EventConsumer&) = delete;
  EventConsumer& operator=(const EventConsumer&) = delete;

  void Start() { thread_.Start(); }
  // Ends after the batch that is being applied and leaves the group. May be called more than once.
  void Stop() {
    thread_.Stop();
    step_.Stop();
  }

 private:
  ConsumerStep step_;
  StepThread thread_;
};

}  // namespace lotura::events
