// One open subscription: where it stands, what it may still take, and the stream to its client.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "libs/base/call.h"
#include "libs/feed/feed_metrics.h"
#include "libs/feed/outlook.h"
#include "libs/feed/ring.h"
#include "libs/feed/selection.h"
#include "libs/rpc/stream.h"

namespace lotura::feed {

// Credit that a client may have open, and grant at once.
inline constexpr std::int64_t kCreditMax = 10'000;

// What a subscription that was accepted begins with.
struct Opening {
  std::shared_ptr<const Call> call;     // shared with the stream that it came by
  std::shared_ptr<rpc::Stream> stream;  // shared with the transport
  Selection selection;
  events::v1::Subscription::Start start = events::v1::Subscription::START_LATEST;
  // Of START_TOKEN.
  ResumePoint resume;
  std::int64_t credit = 0;
};

// Holds no events: what cannot be sent now is taken from the ring or read from the journal when it
// can. While a reader works for it, nobody else sends. Thread-safe; never blocks.
class Subscriber {
 public:
  // What is to be done for it next by a reader that may block.
  enum class Stage {
    kOpening,   // find its position
    kSnapshot,  // send records
    kTail,      // send events of the past, until it has reached the ring
  };
  enum class Need { kNothing, kReader };

  // What a reader has to know.
  struct Work {
    Stage stage = Stage::kOpening;
    ResumePoint point;
    std::int64_t credit = 0;
  };

  Subscriber(Opening opening, const ResumeTokens& tokens, const Clock& clock,
             const FeedMetrics& metrics);
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // INVALID_ARGUMENT (CREDIT_OUT_OF_RANGE) for a grant that is negative or too large.
  absl::Status Grant(std::int64_t credit);
  // The stream has room again.
  void NoteRoom();
  // The stream is over: nothing is sent any more, and the stream is let go.
  void End();
  // Ends the stream from this side.
  void Finish(const absl::Status& status);

  // Sends what the ring has, as far as credit and stream allow. kReader: whoever is told so hands
  // it to a reader; until Done nothing else is sent.
  Need Pump(const Ring& ring);
  // Sends a heartbeat if the last message is `interval` ago, or if what the subscriber may see has
  // changed, which is looked at a few times a second.
  void Beat(std::chrono::milliseconds interval);
  [[nodiscard]] events::v1::Heartbeat::Phase phase() const;

  // For the reader that works for it.
  [[nodiscard]] const Call& call() const { return *opening_.call; }
  [[nodiscard]] const Selection& selection() const { return opening_.selection; }
  [[nodiscard]] events::v1::Subscription::Start start() const { return opening_.start; }
  [[nodiscard]] const ResumePoint& resume() const { return opening_.resume; }
  [[nodiscard]] Work work() const;
  // Its position is known: the subscription is in force, and the client is told.
  void Opened(const ResumePoint& point);
  // False if it was not taken, and nothing will be until Done.
  bool Deliver(const FeedEventPtr& event);
  // Does nothing for a record that was sent since the last MoveTo: records come by name.
  bool DeliverRecord(const std::shared_ptr<const events::v1::SubscribeResponse>& response);
  // All before it was dealt with.
  void MoveTo(const ResumePoint& point);
  void Done();
  [[nodiscard]] bool ended() const;

 private:
  // All of these are called with the lock held.
  bool Send(const std::shared_ptr<const events::v1::SubscribeResponse>& response);
  bool SendWanted(const FeedEventPtr& event);
  void SendHeartbeat();
  void LookOut();
  [[nodiscard]] events::v1::Heartbeat::Phase PhaseLocked() const;

  const ResumeTokens& tokens_;
  const Clock& clock_;
  const FeedMetrics& metrics_;
  mutable std::mutex mutex_;  // guards the members below, but for what is const in opening_
  Opening opening_;
  Stage stage_ = Stage::kOpening;
  ResumePoint point_;
  // The last record that was sent of the snapshot's page.
  std::string sent_name_;
  std::int64_t credit_ = 0;
  Instant last_sent_;
  Outlook outlook_;
  Instant looked_;
  // It has changed, and no heartbeat has told it.
  bool untold_ = false;
  // A reader works for it.
  bool busy_ = false;
  // The stream took no more.
  bool full_ = false;
  bool ended_ = false;
  // There is something that only credit lets out.
  bool held_ = false;
  // It lies before the ring, or waits to be opened.
  bool behind_ = true;
};

}  // namespace lotura::feed
