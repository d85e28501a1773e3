#include "libs/events/pg_history.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/events/journal_rows.h"
#include "libs/events/partitions.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {
namespace {

// A day counts as dropped so long after its begin, see History.
constexpr std::chrono::hours kFloorMargin{1};

std::size_t BytesOf(const std::vector<JournalEntry>& entries) {
  std::size_t bytes = 0;
  for (const JournalEntry& entry : entries) bytes += entry.StoredBytes();
  return bytes;
}

}  // namespace

struct PgHistory::Span {
  Position after;
  // Exclusive.
  Position before;
  // The leaves that hold what lies between; none if nothing does.
  std::vector<Day> days;
  std::uint64_t horizon = 0;
};

absl::StatusOr<HistoryBounds> PgHistory::Bounds(Deadline deadline) {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<HistoryBounds> {
    const LayoutPtr layout = LayoutOf(tx);
    if (layout->epochs.empty() || layout->days.empty()) return Internal("the journal has no day");
    const Instant now = clock_.Now();
    const std::uint64_t horizon = tx.Run(sql::kHorizon, {}).Xid(0, 0);
    HistoryBounds bounds;
    bounds.latest = {BehindHorizon(layout->epochs.rbegin()->first, horizon), now};
    bounds.earliest = {Position(), FloorOf(*layout)};
    return bounds;
  });
}

absl::StatusOr<HistoryBatch> PgHistory::Read(const HistoryQuery& query, const Cursor& after,
                                             ReadLimit limit, Deadline deadline) {
  auto read =
      database_.Read(deadline, [&](pg::Tx& tx) { return ReadWith(tx, query, after, limit); });
  // A day may have been dropped.
  if (!read.ok()) Forget();
  return read;
}

absl::StatusOr<HistoryBatch> PgHistory::ReadWith(pg::Tx& tx, const HistoryQuery& query,
                                                 const Cursor& after, ReadLimit limit) {
  const LayoutPtr layout = LayoutOf(tx);
  if (layout->epochs.empty() || layout->days.empty()) return Internal("the journal has no day");
  HistoryBatch batch;
  batch.floor = FloorOf(*layout);
  const std::int32_t newest = layout->epochs.rbegin()->first;
  if (after.time < batch.floor || after.position.epoch > newest) return EventsExpired();
  const Instant now = clock_.Now();
  // The zero position lies in no epoch.
  Position from = layout->epochs.contains(after.position.epoch)
                      ? after.position
                      : Position{.epoch = layout->epochs.begin()->first};
  for (;;) {
    const Span span = SpanAfter(tx, *layout, from);
    batch.next = {from, after.time};
    LOTURA_RETURN_IF_ERROR(Fill(tx, query, span, limit, batch));
    if (!span.days.empty()) return batch;
    if (from.epoch == newest) {
      batch.next = {std::max(from, BehindHorizon(newest, span.horizon)), now};
      batch.at_end = true;
      return batch;
    }
    const auto next = layout->epochs.upper_bound(from.epoch);
    from = {.epoch = next->first, .xid = next->second, .seq = 0};
  }
}

// The two leaves that go on first, up to where a third one does: so that the days behind cost
// nothing, and those around a midnight are merged.
PgHistory::Span PgHistory::SpanAfter(pg::Tx& tx, const Layout& layout,
                                     const Position& after) const {
  const pg::Rows rows =
      tx.RunBuilt("events.HistoryStart", HistoryStartStatement(layout.days),
                  pg::Params().Int(after.epoch).Int(BigintOf(after.xid)).Int(after.seq));
  Span span{.after = after};
  std::vector<std::pair<Position, Day>> starts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Position start{after.epoch, rows.Xid(i, 1), rows.Int(i, 2)};
    if (rows.Int(i, 0) < 0) {
      span.horizon = start.xid;
    } else {
      starts.emplace_back(start, layout.days[static_cast<std::size_t>(rows.Int(i, 0))]);
    }
  }
  std::ranges::sort(starts);
  // In an epoch that has ended nothing is running any more.
  const bool ended = after.epoch != layout.epochs.rbegin()->first;
  span.before = {after.epoch, ended ? ~std::uint64_t{0} : span.horizon, 0};
  if (starts.size() > 2) span.before = std::min(span.before, starts[2].first);
  for (const auto& [start, day] : starts) {
    if (start < span.before) span.days.push_back(day);
  }
  return span;
}

absl::Status PgHistory::Fill(pg::Tx& tx, const HistoryQuery& query, const Span& span,
                             ReadLimit limit, HistoryBatch& batch) const {
  if (span.days.empty()) return absl::OkStatus();
  const auto scan = std::max(options_.scan, limit.entries);
  const pg::Rows looked = tx.RunBuilt(
      "events.HistoryScan", HistoryStatement(sql::kHistoryScan, sql::kHistoryLeaf, span.days),
      pg::Params()
          .Int(span.after.epoch)
          .Int(BigintOf(span.after.xid))
          .Int(span.after.seq)
          .Int(BigintOf(span.before.xid))
          .Int(span.before.seq)
          .Int(static_cast<std::int64_t>(scan)));
  if (looked.empty()) return Internal("the journal lost an entry");
  const Cursor last{{span.after.epoch, looked.Xid(0, 1), looked.Int(0, 2)}, looked.Time(0, 3)};
  const pg::Rows rows = tx.RunBuilt(
      "events.HistoryRead", HistoryStatement(sql::kHistoryRead, sql::kHistoryReadLeaf, span.days),
      pg::Params()
          .Int(span.after.epoch)
          .Int(BigintOf(span.after.xid))
          .Int(span.after.seq)
          .Int(BigintOf(last.position.xid))
          .Int(last.position.seq)
          .Int(static_cast<std::int64_t>(limit.entries))
          .Int(static_cast<std::int64_t>(limit.bytes))
          .Tenant(query.tenant)
          .Texts(query.resource_types));
  for (std::size_t i = 0; i < rows.size(); ++i) batch.entries.push_back(EntryAt(rows, i));
  const bool cut = batch.entries.size() >= limit.entries || BytesOf(batch.entries) >= limit.bytes;
  batch.next = cut ? Cursor{batch.entries.back().position, batch.entries.back().create_time} : last;
  batch.next.time = std::max(batch.next.time, batch.floor);
  return absl::OkStatus();
}

Instant PgHistory::FloorOf(const Layout& layout) {
  return layout.days.empty() ? Instant() : Instant(layout.days.front() + kFloorMargin);
}

PgHistory::LayoutPtr PgHistory::LayoutOf(pg::Tx& tx) {
  {
    const std::lock_guard lock(mutex_);
    if (layout_ != nullptr && !layout_->fresh_until.Passed()) return layout_;
  }
  auto layout = std::make_shared<Layout>(
      Layout{.days = DaysOf(tx, "journal"), .fresh_until = Deadline::After(options_.refresh)});
  const pg::Rows rows = tx.Run(sql::kJournalEpochs, {});
  for (std::size_t i = 0; i < rows.size(); ++i)
    layout->epochs.emplace(static_cast<std::int32_t>(rows.Int(i, 0)), rows.Xid(i, 1));
  const std::lock_guard lock(mutex_);
  layout_ = layout;
  return layout;
}

void PgHistory::Forget() {
  const std::lock_guard lock(mutex_);
  layout_.reset();
}

}  // namespace lotura::events
