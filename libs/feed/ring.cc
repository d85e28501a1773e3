#include "libs/feed/ring.h"

#include <algorithm>

namespace lotura::feed {

void Ring::Begin(const events::Cursor& begin) {
  const std::lock_guard lock(mutex_);
  events_.clear();
  bytes_ = 0;
  begin_ = begin;
  end_ = begin;
  filled_ = true;
}

void Ring::End() {
  const std::lock_guard lock(mutex_);
  events_.clear();
  events_.shrink_to_fit();
  bytes_ = 0;
  filled_ = false;
}

void Ring::Add(const std::vector<FeedEventPtr>& events) {
  const std::lock_guard lock(mutex_);
  for (const FeedEventPtr& event : events) {
    events_.push_back(event);
    bytes_ += event->bytes();
    end_ = event->cursor();
  }
  while (!events_.empty() && (events_.size() > limits_.events || bytes_ > limits_.bytes)) {
    begin_ = events_.front()->cursor();
    bytes_ -= events_.front()->bytes();
    events_.pop_front();
  }
}

void Ring::NoteNothingBeyond(Instant time) {
  const std::lock_guard lock(mutex_);
  end_.time = std::max(end_.time, time);
}

events::Cursor Ring::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

Ring::Slice Ring::After(const events::Cursor& cursor, const TenantId& tenant,
                        std::size_t max) const {
  const std::lock_guard lock(mutex_);
  Slice slice;
  if (!filled_) return slice;
  slice.reached = cursor;
  slice.state = cursor.position < begin_.position ? State::kBehind : State::kReached;
  if (slice.state == State::kBehind) return slice;
  auto next = std::ranges::upper_bound(events_, cursor.position, {},
                                       [](const FeedEventPtr& event) -> const events::Position& {
                                         return event->cursor().position;
                                       });
  for (; next != events_.end(); ++next) {
    if ((*next)->tenant() == tenant) {
      slice.more = slice.events.size() == max;
      if (slice.more) return slice;
      slice.events.push_back(*next);
    }
    slice.reached = (*next)->cursor();
  }
  // Nothing lies beyond the end, nor beyond a reader who is ahead of it.
  slice.reached.position = std::max(slice.reached.position, end_.position);
  slice.reached.time = std::max(slice.reached.time, end_.time);
  return slice;
}

std::size_t Ring::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

std::size_t Ring::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace lotura::feed
