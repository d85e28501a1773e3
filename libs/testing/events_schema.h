// The tables of libs/events in a schema of their own, and transactions that a test holds open.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "libs/events/migrations.sql.h"
#include "libs/pg/database.h"
#include "libs/pg/migration.h"
#include "libs/testing/journal_contract.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"

namespace lotura::testing {

inline Deadline AMinute() { return Deadline::After(std::chrono::minutes(1)); }

// A database with the tables of libs/events in the schema "sales".
class EventsSchema {
 public:
  explicit EventsSchema(std::size_t connections = 8)
      : conninfo_(Postgres().NewDatabase("events", Fill)), database_(Options(connections)) {}

  pg::Database& database() { return database_; }

  [[nodiscard]] pg::Options Options(std::size_t connections) const {
    return {.conninfo = conninfo_,
            .schema = "sales",
            .pool_size = connections,
            .plan_for = pg::PlanFor::kWrites};
  }

  void Run(const std::string& script) {
    EXPECT_THAT(database_.WriteOne(AMinute(),
                                   [&](pg::Tx& tx) {
                                     tx.RunScript(script);
                                     return absl::OkStatus();
                                   }),
                IsOk());
  }

  std::int64_t Number(const std::string& query) {
    return database_
        .Read(AMinute(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
                return testing::Select(tx, query).Int(0, 0);
              })
        .value();
  }

 private:
  static void Fill(const std::string& conninfo) {
    pg::Database database({.conninfo = conninfo, .schema = "sales"});
    const pg::MigrationSet set{"events", &events::sql::kMigrations};
    EXPECT_THAT(pg::Migrate(database, "sales", {&set, 1}, AMinute()), IsOk());
  }

  const std::string conninfo_;
  pg::Database database_;
};

inline constexpr pg::Query kInsertEntry{
    "test.InsertEntry",
    "INSERT INTO journal (create_time, tenant_id, event_id, name, type, resource_type, version, "
    "kind, "
    "changed_fields, before_plain, before_personal, after_plain, after_personal, detail, "
    "person_keys, "
    "actor, method, request_id, cause, traceparent) "
    "VALUES (coalesce($1::timestamptz, now()), $2::uuid, $3::uuid, $4::text, $5::text, $6::text, "
    "$7::bigint, $8::bigint, $9::text, $10::bytea, $11::bytea, $12::bytea, $13::bytea, $14::bytea, "
    "$15::text[], $16::text, $17::text, nullif($18::text, '')::uuid, $19::text, $20::text)"};

// Inserts an entry as the engine does, but for the time, by which a test chooses the day.
inline void InsertEntry(pg::Tx& tx, const JournalEntry& entry, Instant create_time) {
  tx.Run(kInsertEntry, pg::Params()
                           .Time(create_time)
                           .Tenant(entry.tenant)
                           .Id(entry.event_id)
                           .Text(entry.name)
                           .Text(entry.type)
                           .Text(entry.resource_type)
                           .Int(entry.version)
                           .Int(entry.kind)
                           .Text(entry.changed_fields)
                           .Bytes(entry.before_plain)
                           .Bytes(entry.before_personal)
                           .Bytes(entry.after_plain)
                           .Bytes(entry.after_personal)
                           .Bytes(entry.detail)
                           .Texts(entry.person_keys)
                           .Text(entry.actor)
                           .Text(entry.method)
                           .Text(entry.request_id)
                           .Text(entry.cause)
                           .Text(entry.traceparent));
}

// A transaction on a thread of its own, told step by step what to do.
class PgOpenWrite final : public OpenWrite {
 public:
  explicit PgOpenWrite(pg::Database& database)
      : thread_([this, &database] {
          const absl::Status ignored =
              database.Write(AMinute(), [this](pg::Tx& tx) { return Obey(tx); });
        }) {}
  ~PgOpenWrite() override {
    if (thread_.joinable()) Rollback();
  }

  void Add(const JournalEntry& entry) override { AddAt(entry, SystemClock().Now()); }
  void AddAt(const JournalEntry& entry, Instant time) {
    Do([&entry, time](pg::Tx& tx) { InsertEntry(tx, entry, time); });
  }
  void Run(const std::string& script) {
    Do([&script](pg::Tx& tx) { tx.RunScript(script); });
  }
  // Begins the transaction without writing: it has no number yet.
  void Touch() {
    Do([](pg::Tx& tx) { tx.RunScript("SELECT 1"); });
  }
  void Commit() override { End(absl::OkStatus()); }
  void Rollback() override { End(Aborted("ROLLBACK", "told to roll back")); }

 private:
  using Command = std::function<void(pg::Tx&)>;

  // Returns when the command has run.
  void Do(Command command) {
    std::unique_lock lock(mutex_);
    command_ = std::move(command);
    changed_.notify_all();
    changed_.wait(lock, [&] { return command_ == nullptr; });
  }

  void End(absl::Status outcome) {
    {
      const std::lock_guard lock(mutex_);
      outcome_ = std::move(outcome);
      changed_.notify_all();
    }
    thread_.join();
  }

  absl::Status Obey(pg::Tx& tx) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return command_ != nullptr || outcome_.has_value(); });
      if (command_ == nullptr) return *outcome_;
      command_(tx);
      command_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Command command_;
  std::optional<absl::Status> outcome_;
  std::thread thread_;
};

}  // namespace lotura::testing
