// Reads the next part of a long journal while its user works on the one before.
#pragma once

#include <future>
#include <thread>

#include "libs/events/journal.h"

namespace lotura::events {

// After a read that returned all it may, the read behind it begins on a thread of its own, with as
// much time as that one had. Whoever asks for something else waits until it has ended. Used by one
// thread.
class ReadAhead final : public JournalReader {
 public:
  explicit ReadAhead(std::unique_ptr<JournalReader> reader) : reader_(std::move(reader)) {}

  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                 Deadline deadline) override;
  absl::StatusOr<Backlog> Inspect(const Position& after, Deadline deadline) override;

 private:
  using Entries = absl::StatusOr<std::vector<JournalEntry>>;

  // The result of the read that is under way, if there is one and it is this.
  std::optional<Entries> Take(const Position& after, ReadLimit limit);

  const std::unique_ptr<JournalReader> reader_;
  // Where the read that is under way begins, and how far it goes.
  Position after_;
  ReadLimit limit_;
  std::future<Entries> ahead_;
  std::jthread thread_;  // uses the reader
};

}  // namespace lotura::events
