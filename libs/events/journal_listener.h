// Who hears what a relay reads, so that it need not be read again.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "libs/events/journal.h"

namespace lotura::events {

// Outlives all readers that tell it.
class JournalListener {
 public:
  virtual ~JournalListener() = default;

  // All that the journal has behind `after`, up to the last of these entries; none may come between
  // them any more. `origin` is where the database lived when whoever reads began. Called by one
  // thread at a time, before anything else is done with them.
  virtual void Hear(const std::string& origin, const Position& after,
                    std::span<const JournalEntry> entries) = 0;
};

// Tells a listener of all that is read.
class HeardReader final : public JournalReader {
 public:
  HeardReader(std::unique_ptr<JournalReader> reader, std::string origin, JournalListener& listener)
      : reader_(std::move(reader)), origin_(std::move(origin)), listener_(listener) {}

  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                 Deadline deadline) override {
    auto entries = reader_->Read(after, limit, deadline);
    if (entries.ok() && !entries->empty()) listener_.Hear(origin_, after, *entries);
    return entries;
  }
  absl::StatusOr<Backlog> Inspect(const Position& after, Deadline deadline) override {
    return reader_->Inspect(after, deadline);
  }

 private:
  const std::unique_ptr<JournalReader> reader_;
  const std::string origin_;
  JournalListener& listener_;
};

}  // namespace lotura::events
