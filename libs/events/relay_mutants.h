// Readers of the journal that are wrong in one way each, which a trial of the relay must find.
#pragma once

#include <functional>

#include "libs/events/day_window.h"
#include "libs/events/journal_rows.h"
#include "libs/pg/database.h"

namespace lotura::events {

// A journal whose reader is wrong in one way.
class MutantJournal final : public Journal {
 public:
  using Maker = std::function<std::unique_ptr<JournalReader>()>;

  MutantJournal(Journal& real, Maker maker) : real_(real), maker_(std::move(maker)) {}

  std::unique_ptr<JournalReader> NewReader() override { return maker_(); }
  absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                    std::chrono::milliseconds duration,
                                                    Deadline deadline) override {
    return real_.Acquire(name, holder, duration, deadline);
  }
  absl::Status Release(const LeaseToken& lease, Deadline deadline) override {
    return real_.Release(lease, deadline);
  }
  absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) override {
    return real_.LoadCursor(relay, deadline);
  }
  absl::Status SaveCursor(const std::string& relay, const Position& position,
                          const LeaseToken& lease, Deadline deadline) override {
    return real_.SaveCursor(relay, position, lease, deadline);
  }

 private:
  Journal& real_;
  const Maker maker_;
};

class MutantReader : public JournalReader {
 public:
  explicit MutantReader(pg::Database& database) : database_(database) {}
  absl::StatusOr<Backlog> Inspect(const Position& /*after*/, Deadline /*deadline*/) override {
    return Backlog();
  }

 protected:
  absl::StatusOr<std::vector<JournalEntry>> ReadBy(const std::string& statement, Position after,
                                                   ReadLimit limit, Deadline deadline) {
    after.epoch = 1;
    return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<JournalEntry>> {
      const pg::Rows rows =
          tx.RunBuilt("trial.Read", statement, ReadParams(after, EpochState::kCurrent, limit));
      std::vector<JournalEntry> entries;
      for (std::size_t i = 0; i < rows.size(); ++i) entries.push_back(EntryAt(rows, i));
      return entries;
    });
  }

 private:
  pg::Database& database_;
};

// Reads all days together, but does not wait for transactions that are still open.
class HorizonlessReader : public MutantReader {
 public:
  HorizonlessReader(pg::Database& database, std::vector<Day> days)
      : MutantReader(database), statement_(ReadStatement(days)) {
    Replace("pg_snapshot_xmin(pg_current_snapshot())", "'18446744073709551615'::xid8");
  }
  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                 Deadline deadline) override {
    return ReadBy(statement_, after, limit, deadline);
  }

 protected:
  void Replace(std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = statement_.find(what, at)) != std::string::npos;
         at += with.size()) {
      statement_.replace(at, what.size(), with);
    }
  }

 private:
  std::string statement_;
};

// What an outbox is read by at first thought: seq > last, in the order of seq.
class SequenceReader final : public HorizonlessReader {
 public:
  SequenceReader(pg::Database& database, const std::vector<Day>& days)
      : HorizonlessReader(database, days) {
    Replace("(j.xid, j.seq) > ($2::xid8, $3::bigint)",
            "j.seq > $3::bigint AND $2::xid8 IS NOT NULL");
    Replace("j.xid, j.seq ROWS", "j.seq ROWS");
    Replace("ORDER BY j.xid, j.seq", "ORDER BY j.seq");
    Replace("ORDER BY b.xid, b.seq", "ORDER BY b.seq");
  }
};

// Reads a day to its end when it is over, and then the next.
class DayAfterDayReader final : public MutantReader {
 public:
  DayAfterDayReader(pg::Database& database, const Clock& clock, Day first)
      : MutantReader(database), clock_(clock), day_(first) {}
  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                 Deadline deadline) override {
    const bool is_over = DayOf(clock_.Now()) > day_;
    auto entries = ReadBy(ReadStatement({&day_, 1}), after, limit, deadline);
    if (is_over && entries.ok() && entries->empty()) day_ += std::chrono::days(1);
    return entries;
  }

 private:
  const Clock& clock_;
  Day day_;
};

}  // namespace lotura::events
