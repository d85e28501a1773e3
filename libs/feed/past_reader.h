// What a reader that may block does for a subscriber: finds its position, sends records of its
// snapshot, and events of the past.
#pragma once

#include <absl/status/status.h>

#include "libs/feed/subscriber.h"
#include "libs/resource/lister.h"

namespace lotura::feed {

struct PastLimits {
  // What one read brings, so that all subscribers come forward.
  events::ReadLimit batch{.entries = 200, .bytes = 1 << 20};
  std::int32_t page_size = 100;
  // Bound of each read.
  std::chrono::milliseconds statement{10'000};
};

// What it works with; everything outlives it.
struct PastParts {
  const EventCatalog& catalog;
  events::History& history;
  const resource::Lister& lister;
  const ResumeTokens& tokens;
  const Clock& clock;
};

// Thread-safe. Keeps nothing between two calls.
class PastReader {
 public:
  PastReader(const PastParts& parts, const FeedMetrics& metrics, PastLimits limits)
      : parts_(parts), metrics_(metrics), limits_(limits) {}

  // One step. An error ends the subscription: that of the client's token, or of a store that does
  // not answer.
  absl::Status Serve(Subscriber& subscriber) const;

 private:
  absl::Status Open(Subscriber& subscriber) const;
  absl::Status CatchUp(Subscriber& subscriber, const Subscriber::Work& work) const;
  absl::Status SendPage(Subscriber& subscriber, const Subscriber::Work& work) const;
  // True when all of the page was sent.
  bool SendRecords(Subscriber& subscriber, const resource::Declaration& declaration,
                   const resource::ListPage& page, const ResumePoint& point) const;
  // With the token of the oldest events that are kept.
  absl::Status Expired(const TenantId& tenant, const events::Cursor& earliest) const;
  [[nodiscard]] Deadline Bound() const { return Deadline::After(limits_.statement); }

  const PastParts parts_;
  const FeedMetrics& metrics_;
  const PastLimits limits_;
};

}  // namespace lotura::feed
