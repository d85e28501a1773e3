// Migrations against a real server: once each, one process at a time, and what failed can be run
// again.
#include "libs/pg/migration.h"

#include <gtest/gtest.h>

#include "libs/pg/database.h"
#include "libs/testing/eventually.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::pg {
namespace {

using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;
using Migrations = std::vector<Migration>;

Deadline Soon() { return Deadline::After(seconds(20)); }

class MigrationTest : public ::testing::Test {
 protected:
  absl::StatusOr<MigrationReport> Run(const Migrations& migrations, Deadline deadline = Soon()) {
    const MigrationSet set{"trial", &migrations};
    return Migrate(database_, "trial", {&set, 1}, deadline);
  }
  absl::Status Check(const Migrations& migrations) {
    const MigrationSet set{"trial", &migrations};
    return CheckMigrated(database_, {&set, 1}, Soon());
  }
  absl::Status Execute(const std::string& script) {
    return database_.WriteOne(Soon(), [&](Tx& tx) {
      tx.RunScript(script);
      return absl::OkStatus();
    });
  }
  std::int64_t Number(const std::string& query) {
    const auto number = database_.Read(Soon(), [&](Tx& tx) -> absl::StatusOr<std::int64_t> {
      return testing::Select(tx, query).Int(0, 0);
    });
    return number.value();
  }

  const std::string conninfo_ = testing::Postgres().NewDatabase();
  Database database_{Options{
      .conninfo = conninfo_, .schema = "trial", .pool_size = 6, .lock_timeout = milliseconds(100)}};
};

const Migration kBegin{1, "begin", "CREATE TABLE thing (id bigint)"};
const Migration kIndex{2, "index", "CREATE INDEX CONCURRENTLY thing_idx ON thing (id)"};
const Migration kUnique{2, "unique", "CREATE UNIQUE INDEX CONCURRENTLY thing_key ON thing (id)"};

TEST_F(MigrationTest, MigrationsApplyOnceAndAChangedOneIsRefused) {
  EXPECT_EQ(Run({kBegin}).value().applied.size(), 1);
  EXPECT_EQ(Run({kBegin}).value().applied.size(), 0);
  EXPECT_THAT(Run({{1, "begin", "CREATE TABLE other (id bigint)"}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED"));
}

TEST_F(MigrationTest, ASchemaThatWasNeverMigratedIsTooOld) {
  EXPECT_THAT(Check({kBegin}), StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_OLD"));
}

TEST_F(MigrationTest, ASchemaThatLacksAMigrationIsTooOld) {
  ASSERT_THAT(Run({kBegin}), IsOk());

  EXPECT_THAT(Check({kBegin}), IsOk());
  EXPECT_THAT(Check({kBegin, kIndex}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_OLD"));
}

TEST_F(MigrationTest, AnOlderBinaryRunsOnANewerSchemaButDoesNotMigrateIt) {
  ASSERT_THAT(Run({kBegin, kIndex}), IsOk());

  EXPECT_THAT(Check({kBegin}), IsOk());
  EXPECT_THAT(Run({kBegin}), StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_NEW"));
}

TEST_F(MigrationTest, OneOfTwoMigratorsWaitsForTheOther) {
  const Migrations migrations = {
      {1, "begin", "CREATE TABLE thing (id bigint); SELECT pg_sleep(0.5)"}, kIndex};
  absl::StatusOr<MigrationReport> first;
  std::jthread other([&] { first = Run(migrations); });

  const absl::StatusOr<MigrationReport> second = Run(migrations);
  other.join();

  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->applied.size() + second->applied.size(), 2);
}

TEST_F(MigrationTest, AMigratorWaitsNoLongerThanItsDeadline) {
  const absl::Status status = database_.Read(Soon(), [&](Tx& tx) -> absl::Status {
    tx.RunScript("SELECT pg_advisory_lock(hashtextextended('lotura-migrate', 0))");
    absl::Status waited = Run({kBegin}, Deadline::After(milliseconds(300))).status();
    tx.RunScript("SELECT pg_advisory_unlock_all()");
    return waited;
  });

  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Run({kBegin}), IsOk());
}

TEST_F(MigrationTest, AMigratorThatFailsLeavesNoLock) {
  const Migrations migrations = {kBegin};
  const MigrationSet set{"trial", &migrations};

  EXPECT_FALSE(Migrate(database_, "pg_is_refused", {&set, 1}, Soon()).ok());

  EXPECT_EQ(Number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                   "(SELECT oid FROM pg_database WHERE datname = current_database())"),
            0);
}

TEST_F(MigrationTest, AnIndexWaitsForTheTransactionsBeforeItBeyondTheLockTimeout) {
  ASSERT_THAT(Run({kBegin}), IsOk());
  absl::Status migrated;
  std::jthread migrator;
  const absl::Status status = database_.Write(Soon(), [&](Tx& tx) {
    tx.RunScript("INSERT INTO thing (id) VALUES (1)");
    migrator = std::jthread([&] { migrated = Run({kBegin, kIndex}).status(); });
    EXPECT_TRUE(Eventually(
        [&] {
          return Number(
                     "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND "
                     "wait_event_type = 'Lock' AND now() - query_start > '300 ms'") == 1;
        },
        seconds(10)));
    return absl::OkStatus();
  });
  migrator.join();

  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(migrated, IsOk());
}

TEST_F(MigrationTest, AnIndexThatFailedIsBuiltAnew) {
  ASSERT_THAT(Run({kBegin}), IsOk());
  ASSERT_THAT(Execute("INSERT INTO thing (id) VALUES (1), (1)"), IsOk());
  ASSERT_THAT(Run({kBegin, kUnique}),
              StatusIs(absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION"));
  ASSERT_THAT(Execute("TRUNCATE thing"), IsOk());

  EXPECT_THAT(Run({kBegin, kUnique}), IsOk());

  EXPECT_EQ(Number("SELECT count(*) FROM pg_index WHERE indexrelid = 'thing_key'::regclass AND "
                   "indisvalid"),
            1);
}

TEST_F(MigrationTest, SessionsKeepTheirBoundsAfterAnIndexWasBuilt) {
  ASSERT_THAT(Run({kBegin, kIndex}), IsOk());

  const auto bound = database_.Read(Soon(), [](Tx& tx) -> absl::StatusOr<std::string> {
    return testing::Select(tx, "SHOW lock_timeout").String(0, 0) + " " +
           testing::Select(tx, "SHOW statement_timeout").String(0, 0);
  });

  EXPECT_EQ(bound.value(), "100ms 30s");
}

}  // namespace
}  // namespace lotura::pg
