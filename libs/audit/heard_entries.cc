#include "libs/audit/heard_entries.h"

#include <algorithm>

namespace lotura::audit {

void HeardEntries::Hear(const std::string& origin, const events::Position& after,
                        std::span<const events::JournalEntry> entries) {
  const std::lock_guard lock(mutex_);
  if (!sealed_.has_value() || origin != origin_ || after > End()) return;
  const auto news = std::ranges::upper_bound(entries, End(), {}, &events::JournalEntry::position);
  const auto known = static_cast<std::size_t>(news - entries.begin());
  if (entries_.size() + entries.size() - known > entries_max_) return;
  for (const events::JournalEntry& entry : entries.subspan(known))
    entries_.push_back(SealableOf(service_, entry));
}

std::vector<Sealable> HeardEntries::Take(const std::string& origin, const events::Position& sealed,
                                         std::size_t most) {
  const std::lock_guard lock(mutex_);
  // What stands behind an earlier position or in another database is of no use.
  if (origin != origin_ || !sealed_.has_value() || sealed < *sealed_) entries_.clear();
  origin_ = origin;
  sealed_ = sealed;
  while (!entries_.empty() && entries_.front().position <= sealed) entries_.pop_front();
  const std::size_t count = std::min(most, entries_.size());
  return {entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count)};
}

void HeardEntries::Forget() {
  const std::lock_guard lock(mutex_);
  sealed_.reset();
  entries_.clear();
}

}  // namespace lotura::audit
