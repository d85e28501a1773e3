// The inbox of one member of the group of consumers.
#pragma once

#include "libs/events/inbox.h"
#include "tests/simulation/effects.h"
#include "tests/simulation/process.h"

namespace lotura::simulation {

// Effects and marks in one transaction, which may be refused, given up, or lose its answer.
class FaultyInbox : public events::Inbox {
 public:
  FaultyInbox(Process& process, Effects& effects) : process_(process), effects_(effects) {}

  events::Applied Apply(std::span<const events::ReceivedRecord> records,
                        Deadline deadline) override;
  // Whatever comes can be handled: there are no dead letters.
  absl::StatusOr<std::vector<events::DeadLetter>> Unannounced(std::size_t limit,
                                                              Deadline deadline) override;
  absl::Status MarkAnnounced(std::span<const events::DeadLetter> letters,
                             Deadline deadline) override;
  absl::StatusOr<std::size_t> CountParked(Deadline deadline) override;

 protected:
  // At one instant, but for a mutant; returns how many were new.
  virtual std::size_t Handle(std::span<const events::Event> events);

  [[nodiscard]] Process& process() const { return process_; }
  [[nodiscard]] Effects& effects() const { return effects_; }

 private:
  Process& process_;
  Effects& effects_;
};

}  // namespace lotura::simulation
