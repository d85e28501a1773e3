#include "libs/events/projection_rebuild.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/events/cloud_events.h"
#include "libs/events/journal_rows.h"
#include "libs/events/partitions.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {
namespace {

// A command that PostgreSQL cannot prepare, so that it is no query of a .sql file. Names of tables
// stand in declarations of services, never in what a user sends.
std::string Emptying(const std::vector<std::string>& tables) {
  return fmt::format("TRUNCATE {}", fmt::join(tables, ", "));
}

}  // namespace

ProjectionRebuild::ProjectionRebuild(RebuildOptions options, std::vector<RebuildSource> sources,
                                     pg::Database& database, EventHandler handler,
                                     const observe::Log& log)
    : options_(std::move(options)),
      sources_(std::move(sources)),
      database_(database),
      inbox_(database,
             {.consumer = options_.consumer,
              .passenger = Passenger::kRebuild,
              .is_gone = options_.is_gone},
             std::move(handler), log) {}

absl::StatusOr<RebuildPlan> ProjectionRebuild::Plan() {
  RebuildPlan plan;
  LOTURA_ASSIGN_OR_RETURN(plan.is_under_way, IsUnderWay());
  for (const std::string& table : options_.tables) {
    LOTURA_ASSIGN_OR_RETURN(Counted counted, CountTable(table));
    plan.tables.push_back(std::move(counted));
  }
  for (const RebuildSource& source : sources_) {
    LOTURA_ASSIGN_OR_RETURN(Counted counted, CountSource(source));
    plan.sources.push_back(std::move(counted));
  }
  LOTURA_ASSIGN_OR_RETURN(plan.incomplete, Incomplete());
  return plan;
}

absl::Status ProjectionRebuild::Begin() {
  if (options_.tables.empty() && options_.from == RebuildFrom::kEmpty)
    return FailedPrecondition("NO_PROJECTION", "the consumer has no tables that may be emptied");
  LOTURA_ASSIGN_OR_RETURN(const bool is_under_way, IsUnderWay());
  if (is_under_way) return absl::OkStatus();
  if (options_.from == RebuildFrom::kEmpty) {
    LOTURA_ASSIGN_OR_RETURN(const std::vector<std::string> incomplete, Incomplete());
    if (!incomplete.empty()) {
      return FailedPrecondition("HISTORY_INCOMPLETE",
                                "the journal no longer has its beginning: what it lacks could not "
                                "be made again",
                                {{"source", incomplete.front()}});
    }
  }
  return database_.Write(Bound(), [&](pg::Tx& tx) {
    const pg::Params consumer = pg::Params().Text(options_.consumer);
    tx.Run(sql::kHoldGate, consumer);
    // Another may have begun meanwhile.
    if (tx.Run(sql::kCloseGate, consumer).empty()) return absl::OkStatus();
    if (options_.from == RebuildFrom::kEmpty) tx.RunScript(Emptying(options_.tables));
    tx.Run(sql::kForgetParked, consumer);
    tx.Run(sql::kForgetDeadLetters, consumer);
    tx.Run(sql::kForgetRebuild, consumer);
    return absl::OkStatus();
  });
}

absl::StatusOr<RebuildStep> ProjectionRebuild::Step() {
  RebuildStep step;
  if (source_ == sources_.size()) {
    step.is_last = true;
    LOTURA_RETURN_IF_ERROR(End());
    return step;
  }
  const RebuildSource& source = sources_[source_];
  step.source = source.service;
  if (reader_ == nullptr) LOTURA_RETURN_IF_ERROR(StartReading(source));
  LOTURA_ASSIGN_OR_RETURN(std::vector<JournalEntry> entries,
                          reader_->Read(position_, options_.batch, Bound()));
  std::erase_if(entries, [&](const JournalEntry& entry) { return entry.position > end_; });
  if (entries.empty()) {
    reader_.reset();
    ++source_;
    return step;
  }
  LOTURA_RETURN_IF_ERROR(Apply(entries, step));
  position_ = entries.back().position;
  LOTURA_RETURN_IF_ERROR(Save(position_));
  return step;
}

absl::StatusOr<bool> ProjectionRebuild::IsUnderWay() {
  return database_.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    const pg::Rows gate = tx.Run(sql::kLookAtGate, pg::Params().Text(options_.consumer));
    return !gate.empty() && gate.Bool(0, 1);
  });
}

absl::StatusOr<std::vector<std::string>> ProjectionRebuild::Incomplete() {
  std::vector<std::string> incomplete;
  for (const RebuildSource& source : sources_) {
    LOTURA_ASSIGN_OR_RETURN(
        const bool is_whole, source.database.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<bool> {
          // Nothing can have been written before the day on which the schema was made.
          const std::vector<Day> days = DaysOf(tx, "journal");
          return !days.empty() && days.front() <= DayOf(tx.Run(sql::kMigrationDay, {}).Time(0, 0));
        }));
    if (!is_whole) incomplete.push_back(source.service);
  }
  return incomplete;
}

absl::StatusOr<Counted> ProjectionRebuild::CountSource(const RebuildSource& source) {
  LOTURA_ASSIGN_OR_RETURN(const Position end, source.journal.LoadCursor(kKafkaRelay, Bound()));
  return source.database.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<Counted> {
    const pg::Params params = pg::Params().Int(end.epoch).Int(BigintOf(end.xid)).Int(end.seq);
    return Counted{source.service, tx.Run(sql::kCountPublished, params).Int(0, 0)};
  });
}

absl::StatusOr<Counted> ProjectionRebuild::CountTable(const std::string& table) {
  return database_.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<Counted> {
    return Counted{table,
                   tx.RunBuilt("events.CountRows", ForTable(sql::kCountRows, table), {}).Int(0, 0)};
  });
}

absl::Status ProjectionRebuild::StartReading(const RebuildSource& source) {
  // The gate is closed by now: whatever the consumer has handled was confirmed up to here.
  LOTURA_ASSIGN_OR_RETURN(end_, source.journal.LoadCursor(kKafkaRelay, Bound()));
  LOTURA_ASSIGN_OR_RETURN(
      position_, database_.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<Position> {
        const pg::Rows rows =
            tx.Run(sql::kLoadRebuilt, pg::Params().Text(options_.consumer).Text(source.service));
        if (rows.empty()) return Position();
        return Position{static_cast<std::int32_t>(rows.Int(0, 0)), rows.Xid(0, 1), rows.Int(0, 2)};
      }));
  reader_ = source.journal.NewReader();
  return absl::OkStatus();
}

absl::Status ProjectionRebuild::Apply(const std::vector<JournalEntry>& entries, RebuildStep& step) {
  std::vector<ReceivedRecord> records;
  records.reserve(entries.size());
  for (const JournalEntry& entry : entries) {
    LOTURA_ASSIGN_OR_RETURN(BusRecord record, ToBusRecord(entry, step.source));
    const Place place{.topic = record.topic, .partition = -1, .offset = entry.position.seq};
    records.push_back({std::move(record), place});
  }
  std::span<const ReceivedRecord> rest = records;
  int failures = 0;
  while (!rest.empty()) {
    const Applied applied = inbox_.Apply(rest, Bound());
    step.handled += applied.handled;
    step.parked += applied.parked + applied.dead;
    rest = rest.subspan(applied.done);
    failures = applied.done > 0 ? 0 : failures + 1;
    // An event that fails is tried as often as the consumer would, then it waits for a decision.
    const bool is_the_events_fault = !applied.status.ok() && !MayPass(applied.status);
    if (!applied.status.ok() && (!is_the_events_fault || failures > InboxOptions().attempts))
      return applied.status;
  }
  return absl::OkStatus();
}

absl::Status ProjectionRebuild::Save(const Position& position) {
  return database_.WriteOne(Bound(), [&](pg::Tx& tx) {
    tx.Run(sql::kSaveRebuilt, pg::Params()
                                  .Text(options_.consumer)
                                  .Text(sources_[source_].service)
                                  .Int(position.epoch)
                                  .Int(BigintOf(position.xid))
                                  .Int(position.seq));
    return absl::OkStatus();
  });
}

absl::Status ProjectionRebuild::End() {
  return database_.Write(Bound(), [&](pg::Tx& tx) {
    const pg::Params consumer = pg::Params().Text(options_.consumer);
    tx.Run(sql::kHoldGate, consumer);
    tx.Run(sql::kForgetRebuild, consumer);
    tx.Run(sql::kOpenGate, consumer);
    return absl::OkStatus();
  });
}

}  // namespace lotura::events
