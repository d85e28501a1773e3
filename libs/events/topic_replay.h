// Publishes entries of a journal once more, into the topic of their service or into another one.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/events/bus.h"
#include "libs/events/journal.h"

namespace lotura::events {

// Which entries; what is empty leaves nothing out.
struct ReplaySelection {
  // Behind this position.
  Position after;
  std::optional<Instant> from;
  // Before it.
  std::optional<Instant> until;
  std::optional<TenantId> tenant;
  std::vector<std::string> resource_types;
  std::vector<std::string> event_types;
  std::vector<std::string> names;

  [[nodiscard]] bool Takes(const JournalEntry& entry) const;
};

// Whether records are sent, or only counted.
enum class ReplayRun { kPublish, kDry };

struct TopicReplayOptions {
  // Whose journal it is.
  std::string service;
  // An existing one.
  std::string topic;
  ReplaySelection selection;
  ReplayRun run = ReplayRun::kPublish;
  // What is in memory at most.
  ReadLimit batch;
  // Bound of a read, and of the broker's answer to a batch.
  std::chrono::milliseconds bound{60'000};
};

struct ReplayProgress {
  // Of the journal, from the beginning of this object.
  std::size_t looked_at = 0;
  // Of them, those that were selected and, unless it is dry, confirmed by the broker.
  std::size_t published = 0;
  // Everything up to here is done with.
  Position position;
  bool at_end = false;
};

// In the order of the journal, a batch at a time: the next one follows when the broker has
// confirmed the one before. It never announces anything first: it ends where the relay had come to
// when it began, so that whatever it sends is a repetition, which consumers know by the event's id.
// Used by one thread.
class TopicReplay {
 public:
  TopicReplay(TopicReplayOptions options, Journal& journal, Bus& bus);
  ~TopicReplay();

  // Reads and publishes the next batch. UNAVAILABLE (RECORD_NOT_DELIVERED) if the broker refused a
  // record or did not answer: some of the batch may have arrived, and the next step repeats it.
  absl::StatusOr<ReplayProgress> Step();
  [[nodiscard]] const ReplayProgress& progress() const { return progress_; }

 private:
  absl::Status Publish(const std::vector<JournalEntry>& entries);

  const TopicReplayOptions options_;
  Journal& journal_;
  Bus& bus_;
  std::unique_ptr<JournalReader> reader_;
  std::unique_ptr<Producer> producer_;
  Position end_;
  ReplayProgress progress_;
};

}  // namespace lotura::events
