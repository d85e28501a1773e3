#include "libs/events/pg_journal_reader.h"

#include "libs/base/errors.h"
#include "libs/events/journal_rows.h"
#include "libs/events/partitions.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {
namespace {

DayWindow::Transactions RunningTransactions(pg::Tx& tx) {
  const pg::Rows rows = tx.Run(sql::kRunningTransactions, {});
  DayWindow::Transactions running;
  for (std::size_t i = 0; i < rows.size(); ++i) running.insert(rows.String(i, 0));
  return running;
}

pg::Params From(const Position& after) {
  return pg::Params().Int(after.epoch).Int(BigintOf(after.xid)).Int(after.seq);
}

}  // namespace

absl::StatusOr<std::vector<JournalEntry>> PgJournalReader::Read(const Position& after,
                                                                ReadLimit limit,
                                                                Deadline deadline) {
  LOTURA_RETURN_IF_ERROR(Refresh(after, deadline));
  Position from = Start(after);
  for (;;) {
    LOTURA_ASSIGN_OR_RETURN(std::vector<JournalEntry> entries, ReadEpoch(from, limit, deadline));
    if (!entries.empty() || IsCurrent(from.epoch)) return entries;
    from = NextEpoch(from.epoch);
  }
}

absl::StatusOr<std::vector<JournalEntry>> PgJournalReader::ReadEpoch(const Position& after,
                                                                     ReadLimit limit,
                                                                     Deadline deadline) {
  const std::vector<Day> days = window_.Open(clock_.Now());
  if (days.empty()) return std::vector<JournalEntry>();
  const EpochState state = IsCurrent(after.epoch) ? EpochState::kCurrent : EpochState::kEnded;
  const std::string statement = ReadStatement(days);
  auto read =
      database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<JournalEntry>> {
        const pg::Rows rows =
            tx.RunBuilt("events.ReadJournal", statement, ReadParams(after, state, limit));
        std::vector<JournalEntry> entries;
        entries.reserve(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) entries.push_back(EntryAt(rows, i));
        return entries;
      });
  // A day may have been dropped.
  if (!read.ok()) fresh_until_ = Deadline(Deadline::Point::min());
  return read;
}

absl::StatusOr<Backlog> PgJournalReader::Inspect(const Position& after, Deadline deadline) {
  LOTURA_RETURN_IF_ERROR(Refresh(after, deadline));
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Backlog> {
    const pg::Rows horizon = tx.Run(sql::kHorizon, {});
    Backlog backlog{.horizon = horizon.Xid(0, 0), .next = horizon.Xid(0, 1)};
    Position from = Start(after);
    backlog.oldest = OldestAfter(tx, from);
    while (!backlog.oldest.has_value() && !IsCurrent(from.epoch)) {
      from = NextEpoch(from.epoch);
      backlog.oldest = OldestAfter(tx, from);
    }
    return backlog;
  });
}

std::optional<Instant> PgJournalReader::OldestAfter(pg::Tx& tx, const Position& after) {
  std::optional<Instant> oldest;
  std::optional<std::pair<std::uint64_t, std::int64_t>> first;
  for (const Day day : window_.Open(clock_.Now())) {
    const pg::Rows rows =
        tx.RunBuilt("events.OldestInLeaf", ForLeaf(sql::kOldestInLeaf, day), From(after));
    if (rows.empty()) continue;
    const std::pair place{rows.Xid(0, 0), rows.Int(0, 1)};
    if (first.has_value() && *first < place) continue;
    first = place;
    oldest = rows.Time(0, 2);
  }
  return oldest;
}

Position PgJournalReader::Start(const Position& after) const {
  // The zero position, where a relay begins, lies in no epoch.
  return epochs_.contains(after.epoch) ? after : Position{.epoch = epochs_.begin()->first};
}

Position PgJournalReader::NextEpoch(std::int32_t epoch) const {
  const auto next = epochs_.upper_bound(epoch);
  return {.epoch = next->first, .xid = next->second, .seq = 0};
}

absl::Status PgJournalReader::Refresh(const Position& after, Deadline deadline) {
  if (!fresh_until_.Passed()) return absl::OkStatus();
  LOTURA_RETURN_IF_ERROR(database_.Read(deadline, [&](pg::Tx& tx) -> absl::Status {
    const pg::Rows rows = tx.Run(sql::kJournalEpochs, {});
    Epochs epochs;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      epochs.emplace(static_cast<std::int32_t>(rows.Int(i, 0)), rows.Xid(i, 1));
    }
    if (epochs.empty()) return Internal("the schema has no epoch");
    // Entries of a new epoch may lie in days that were left.
    if (epochs != epochs_) window_.Reopen();
    epochs_ = std::move(epochs);
    window_.SetExisting(DaysOf(tx, "journal"));

    const Instant now = clock_.Now();
    if (!IsCurrent(Start(after).epoch) || window_.Ended(now).empty()) return absl::OkStatus();
    // In this order: the next number must be taken when those that ran before have ended.
    const DayWindow::Transactions running = RunningTransactions(tx);
    const std::uint64_t next = tx.Run(sql::kHorizon, {}).Xid(0, 1);
    window_.ObserveRunning(now, running, next);
    if (!window_.fence().has_value()) return absl::OkStatus();
    const auto fence = BigintOf(*window_.fence());
    for (const Day day : window_.Ended(now)) {
      const pg::Rows more = tx.RunBuilt("events.LeafHasMore", ForLeaf(sql::kLeafHasMore, day),
                                        From(Start(after)).Int(fence));
      if (!more.Bool(0, 0)) window_.Leave(day);
    }
    return absl::OkStatus();
  }));
  fresh_until_ = Deadline::After(options_.refresh);
  return absl::OkStatus();
}

}  // namespace lotura::events
