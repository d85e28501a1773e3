// The newest events of a service, for all subscribers that have seen the ones before.
#pragma once

#include <deque>
#include <mutex>
#include <vector>

#include "libs/feed/feed_event.h"

namespace lotura::feed {

struct RingLimits {
  std::size_t events = 10'000;
  // Together, as FeedEvent counts them; records that filters ask for come on top, about once more.
  std::size_t bytes = 16 << 20;
};

// Thread-safe. Filled by one thread, read by many.
class Ring {
 public:
  explicit Ring(RingLimits limits) : limits_(limits) {}

  enum class State {
    kIdle,    // nobody fills it
    kBehind,  // the reader stands before its begin
    kReached,
  };
  struct Slice {
    State state = State::kIdle;
    // The next ones of the tenant.
    std::vector<FeedEventPtr> events;
    // All of the tenant's up to here are in `events` or lie before the position that was asked for.
    // Its time tells when that was last known.
    events::Cursor reached;
    // There may be more of them.
    bool more = false;
  };

  // Empties it; from here on everything beyond `begin` will be added.
  void Begin(const events::Cursor& begin);
  // Empties it until Begin.
  void End();
  // In their order, all of them beyond the last one. The oldest make room.
  void Add(const std::vector<FeedEventPtr>& events);
  // There was nothing beyond the last one at that time: where a reader stands stays good however
  // long nothing happens.
  void NoteNothingBeyond(Instant time);
  [[nodiscard]] events::Cursor end() const;
  [[nodiscard]] Slice After(const events::Cursor& cursor, const TenantId& tenant,
                            std::size_t max) const;

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  const RingLimits limits_;
  mutable std::mutex mutex_;  // guards the members below
  bool filled_ = false;
  // It holds everything between these two.
  events::Cursor begin_;
  events::Cursor end_;
  std::deque<FeedEventPtr> events_;
  std::size_t bytes_ = 0;
};

}  // namespace lotura::feed
