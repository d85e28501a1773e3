#include "libs/events/upkeep.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/events/pg_journal.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {
namespace {

constexpr char kLease[] = "upkeep";
constexpr std::int64_t kPrunedAtOnce = 10'000;
constexpr std::chrono::days kKeepMin{2};

}  // namespace

std::vector<DailyTable> UpkeepStep::TablesOf(const UpkeepOptions& options) {
  std::vector<DailyTable> tables = {{"journal", options.journal_days},
                                    {"inbox", options.inbox_days}};
  tables.insert(tables.end(), options.others.begin(), options.others.end());
  return tables;
}

UpkeepStep::UpkeepStep(UpkeepOptions options, pg::Database& database, Journal& journal,
                       const Clock& clock, const observe::Metrics& metrics, const observe::Log& log)
    : options_(std::move(options)),
      database_(database),
      journal_(journal),
      clock_(clock),
      metrics_(metrics),
      log_(log),
      tables_(TablesOf(options_)) {
  for (const DailyTable& table : tables_) LOTURA_CHECK(table.keep >= kKeepMin);
}

std::chrono::microseconds UpkeepStep::Run() {
  const Day today = DayOf(clock_.Now());
  // Longer than the pause, so that it stays with one process while that lives.
  const auto lease = journal_.Acquire(kLease, options_.holder, options_.interval * 2, Bound());
  Note(lease.status());
  if (lease.ok() && lease->has_value()) Note(Pass(today));
  Note(Measure(today));
  return options_.interval;
}

absl::Status UpkeepStep::Prepare() {
  const Day today = DayOf(clock_.Now());
  LOTURA_RETURN_IF_ERROR(EnsureEpoch(database_, Bound()).status());
  for (const DailyTable& table : tables_) {
    // Which of the days a service cannot do without is checked below.
    Note(AddDays(database_, table.name, today, options_.days_ahead, Bound()));
  }
  LOTURA_RETURN_IF_ERROR(Measure(today));
  return CheckPartitions(database_, TableNames(), today, Bound());
}

std::vector<std::string> UpkeepStep::TableNames() const {
  std::vector<std::string> names;
  for (const DailyTable& table : tables_) names.push_back(table.name);
  return names;
}

absl::Status UpkeepStep::Pass(Day today) {
  for (const DailyTable& table : tables_) {
    Note(AddDays(database_, table.name, today, options_.days_ahead, Bound()));
    Note(DropOldDays(table, today));
  }
  return database_.WriteOne(Bound(), [&](pg::Tx& tx) {
    tx.Run(sql::kPruneInbox,
           pg::Params().Time(clock_.Now() - options_.inbox_days).Int(kPrunedAtOnce));
    return absl::OkStatus();
  });
}

absl::Status UpkeepStep::DropOldDays(const DailyTable& table, Day today) {
  LOTURA_ASSIGN_OR_RETURN(
      std::vector<Day> days,
      database_.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<std::vector<Day>> {
        std::vector<Day> old = DaysOf(tx, table.name);
        std::erase_if(old, [&](Day day) { return day >= today - table.keep; });
        return old;
      }));
  for (const Day day : days) {
    const std::string date = pg::binary::Date(day);
    LOTURA_ASSIGN_OR_RETURN(
        const bool is_needed, database_.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<bool> {
          if (table.name != "journal") return false;
          return tx.Run(sql::kJournalDayIsNeeded, pg::Params().Raw(date)).Bool(0, 0);
        }));
    if (is_needed) {
      return FailedPrecondition("DAY_NOT_PUBLISHED", "a relay has not published an old day");
    }
    LOTURA_RETURN_IF_ERROR(database_.WriteOne(Bound(), [&](pg::Tx& tx) {
      tx.Run(sql::kDropDay, pg::Params().Text(table.name).Raw(date));
      return absl::OkStatus();
    }));
    log_.Info("an old day was dropped", {observe::Fields::kTable(table.name)});
  }
  return absl::OkStatus();
}

absl::Status UpkeepStep::Measure(Day today) {
  return database_.Read(Bound(), [&](pg::Tx& tx) -> absl::Status {
    for (const DailyTable& table : tables_) {
      const std::vector<Day> days = DaysOf(tx, table.name);
      int ahead = 0;
      while (std::ranges::binary_search(days, today + std::chrono::days(ahead + 1))) ++ahead;
      metrics_.days_ahead.With({table.name}).Set(ahead);
    }
    return absl::OkStatus();
  });
}

void UpkeepStep::Note(const absl::Status& status) {
  if (status.ok()) return;
  const std::string reason = ReasonOf(status);
  metrics_.failures.With({reason}).Add();
  log_.Warning("upkeep failed", {observe::Fields::kReason(reason)});
}

}  // namespace lotura::events
