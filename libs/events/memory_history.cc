#include "libs/events/memory_history.h"

#include <algorithm>

namespace lotura::events {
namespace {

constexpr std::int32_t kEpoch = 1;

}  // namespace

void MemoryHistory::Drop(Instant floor) {
  const std::lock_guard lock(mutex_);
  floor_ = floor;
}

void MemoryHistory::Fail(absl::Status status) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(status);
}

absl::StatusOr<HistoryBounds> MemoryHistory::Bounds(Deadline /*deadline*/) {
  ++calls_;
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  const std::lock_guard journal_lock(journal_.mutex_);
  return HistoryBounds{{BehindHorizon(kEpoch, journal_.HorizonLocked()), clock_.Now()},
                       {Position(), floor_}};
}

absl::StatusOr<HistoryBatch> MemoryHistory::Read(const HistoryQuery& query, const Cursor& after,
                                                 ReadLimit limit, Deadline /*deadline*/) {
  ++calls_;
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  const std::lock_guard journal_lock(journal_.mutex_);
  if (after.time < floor_ || after.position.epoch > kEpoch) return EventsExpired();
  const std::uint64_t horizon = journal_.HorizonLocked();
  HistoryBatch batch;
  batch.floor = floor_;
  batch.next = after;
  std::size_t bytes = 0;
  for (auto next = journal_.committed_.upper_bound(after.position);
       next != journal_.committed_.end() && next->first.xid < horizon; ++next) {
    const JournalEntry& entry = next->second;
    const bool full =
        batch.entries.size() >= limit.entries || (!batch.entries.empty() && bytes >= limit.bytes);
    if (full) return batch;
    batch.next = {next->first, std::max(entry.create_time, floor_)};
    const bool wanted =
        entry.tenant == query.tenant && entry.create_time >= floor_ &&
        std::ranges::find(query.resource_types, entry.resource_type) != query.resource_types.end();
    if (!wanted) continue;
    bytes += entry.after_plain.size() + entry.before_plain.size();
    batch.entries.push_back(entry);
  }
  batch.next = {std::max(batch.next.position, BehindHorizon(kEpoch, horizon)), clock_.Now()};
  batch.at_end = true;
  return batch;
}

}  // namespace lotura::events
