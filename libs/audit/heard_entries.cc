#include "libs/audit/heard_entries.h"

#include <algorithm>
#include <iterator>

namespace lotura::audit {

std::optional<events::Position> HeardEntries::EndBefore(const std::string& origin,
                                                        const events::Position& after) {
  if (!sealed_.has_value() || origin != origin_) return std::nullopt;
  if (after <= End()) return End();
  missed_ = true;
  return std::nullopt;
}

// The relay waits for this: what takes long is done without the lock.
void HeardEntries::Hear(const std::string& origin, const events::Position& after,
                        std::span<const events::JournalEntry> entries) {
  std::optional<events::Position> end;
  {
    const std::lock_guard lock(mutex_);
    end = EndBefore(origin, after);
  }
  if (!end.has_value()) return;
  std::vector<Sealable> news;
  for (const events::JournalEntry& entry : entries) {
    if (entry.position > *end) news.push_back(SealableOf(service_, entry));
  }
  const std::lock_guard lock(mutex_);
  // It may have moved meanwhile.
  end = EndBefore(origin, *end);
  if (!end.has_value()) return;
  const auto begin = std::ranges::upper_bound(news, *end, {}, &Sealable::position);
  if (entries_.size() + static_cast<std::size_t>(news.end() - begin) > entries_max_) {
    missed_ = true;
    return;
  }
  entries_.insert(entries_.end(), std::make_move_iterator(begin),
                  std::make_move_iterator(news.end()));
}

void HeardEntries::MoveTo(const std::string& origin, const events::Position& sealed) {
  // What stands behind an earlier position or in another database is of no use.
  if (origin != origin_ || !sealed_.has_value() || sealed < *sealed_) entries_.clear();
  // What was missed lies behind the end.
  missed_ = missed_ && sealed_.has_value() && sealed <= End();
  origin_ = origin;
  sealed_ = sealed;
  while (!entries_.empty() && entries_.front().position <= sealed) entries_.pop_front();
}

HeardEntries::Taken HeardEntries::Take(const std::string& origin, const events::Position& sealed,
                                       const events::ReadLimit& limit) {
  const std::lock_guard lock(mutex_);
  MoveTo(origin, sealed);
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < entries_.size() && count < limit.entries && bytes < limit.bytes)
    bytes += entries_[count++].bytes;
  return {.entries = {entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count)},
          .more = missed_ || count < entries_.size()};
}

void HeardEntries::Await(const std::string& origin, const events::Position& read) {
  const std::lock_guard lock(mutex_);
  MoveTo(origin, read);
}

void HeardEntries::Forget() {
  const std::lock_guard lock(mutex_);
  sealed_.reset();
  entries_.clear();
  missed_ = false;
}

}  // namespace lotura::audit
