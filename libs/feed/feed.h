// The events of one service for all its subscribers: one tail of the journal, one ring, a few
// readers of the past.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "libs/base/fair_places.h"
#include "libs/events/journal.h"
#include "libs/events/step_thread.h"
#include "libs/feed/past_reader.h"
#include "libs/feed/reader_pool.h"

namespace lotura::feed {

struct FeedOptions {
  RingLimits ring;
  PastLimits past;
  // Threads, and connections to the database, that read for subscribers who are behind.
  std::size_t readers = 2;
  // Of all tenants together.
  std::size_t subscribers_max = 2'000;
  // Of silence.
  std::chrono::milliseconds heartbeat{10'000};
  // How soon events of other replicas are looked for; those of this process wake the tail.
  std::chrono::milliseconds poll{50};
  std::chrono::milliseconds retry{500};
  // What the tail reads at once.
  events::ReadLimit batch;
};

// What a feed works with; everything outlives it.
struct FeedParts {
  // Of the tail.
  events::Journal& journal;
  events::History& history;
  const resource::Lister& lister;
  const EventCatalog& catalog;
  const resource::PageTokens& tokens;
  const Clock& clock;
};

// While there are subscribers, its thread reads each new entry of the journal once into the ring
// and hands it to those who have seen all before; without any it reads nothing. A subscriber that
// stands before the ring is served by the readers of the past until it has reached it. Neither the
// number of idle subscribers nor that of slow ones changes what is read, but for a slow one's own
// coming forward when it grants credit. Thread-safe.
class Feed {
 public:
  Feed(const FeedOptions& options, const FeedParts& parts, const observe::Metrics& metrics,
       const observe::Log& log);
  ~Feed() { Stop(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void Start();
  // Returns at once.
  void RequestStop() { tail_.RequestStop(); }
  // Streams must have ended, or get nothing any more. May be called more than once.
  void Stop();
  // To be called after a commit. Costs a look at a flag while there are no subscribers.
  void Wake();

  // Takes the subscription; what is wrong with it is answered at once. RESOURCE_EXHAUSTED
  // (TOO_MANY_SUBSCRIBERS). Must not block.
  absl::StatusOr<SubscriberPtr> Subscribe(std::shared_ptr<const Call> call,
                                          std::shared_ptr<rpc::Stream> stream,
                                          const events::v1::SubscribeRequest& request);
  // Something changed for it: credit came, or the stream has room.
  void Serve(const SubscriberPtr& subscriber);
  // Its stream is over.
  void Forget(const SubscriberPtr& subscriber);

  [[nodiscard]] const EventCatalog& catalog() const { return parts_.catalog; }

  // One pass of the tail; returns how long to pause. For its thread, or a test that drives it.
  std::chrono::microseconds RunTail();
  // One step of a reader; false if nobody waits.
  bool RunReader() { return readers_.RunOne(); }

 private:
  absl::Status ReadTail();
  absl::Status BeginTail();
  void EndTail();
  void ReadPast(const SubscriberPtr& subscriber);
  [[nodiscard]] std::vector<SubscriberPtr> Subscribers() const;
  void Tend(const std::vector<SubscriberPtr>& subscribers);
  void CountPhases(const std::vector<SubscriberPtr>& subscribers);
  std::chrono::microseconds AfterFailure(const absl::Status& status);
  [[nodiscard]] Deadline Bound() const { return Deadline::After(options_.past.statement); }

  const FeedOptions options_;
  const FeedParts parts_;
  const observe::Log log_;
  const FeedMetrics metrics_;
  const ResumeTokens tokens_;
  const PastReader past_;
  Ring ring_;
  mutable std::mutex mutex_;  // guards places_ and subscribers_
  FairPlaces places_;
  std::set<SubscriberPtr> subscribers_;
  std::atomic<std::size_t> count_ = 0;
  // Used by the tail alone.
  std::unique_ptr<events::JournalReader> reader_;
  bool full_batch_ = false;
  Instant read_at_;
  std::string last_failure_;
  ReaderPool readers_;
  events::StepThread tail_;
};

}  // namespace lotura::feed
