// The journal as one process reaches it.
#pragma once

#include "libs/events/journal.h"
#include "tests/simulation/process.h"

namespace lotura::simulation {

// Every call takes a while, may find the database gone, and may have its effect without an answer.
class FaultyJournal final : public events::Journal {
 public:
  // `journal` is that of the database, or a mutant before it.
  FaultyJournal(Process& process, events::Journal& journal)
      : process_(process), journal_(journal) {}

  std::unique_ptr<events::JournalReader> NewReader() override;
  absl::StatusOr<std::optional<events::LeaseToken>> Acquire(const std::string& name,
                                                            const Uuid& holder,
                                                            std::chrono::milliseconds duration,
                                                            Deadline deadline) override;
  absl::Status Release(const events::LeaseToken& lease, Deadline deadline) override;
  absl::StatusOr<events::Position> LoadCursor(const std::string& relay, Deadline deadline) override;
  absl::Status SaveCursor(const std::string& relay, const events::Position& position,
                          const events::LeaseToken& lease, Deadline deadline) override;

 private:
  Process& process_;
  events::Journal& journal_;
};

}  // namespace lotura::simulation
