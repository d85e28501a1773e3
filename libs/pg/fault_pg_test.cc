// What a real server throws, as statuses.
#include <gtest/gtest.h>

#include "libs/pg/database.h"
#include "libs/testing/postgres.h"
#include "libs/testing/status_matchers.h"

namespace lotura::pg {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

class FaultTest : public ::testing::Test {
 protected:
  absl::Status Run(const std::string& script) {
    return database_.WriteOne(Soon(), [&](Tx& tx) {
      tx.RunScript(script);
      return absl::OkStatus();
    });
  }

  const std::string conninfo_ = testing::Postgres().NewDatabase();
  Database database_{Options{.conninfo = conninfo_, .pool_size = 1}};
};

TEST_F(FaultTest, APreparedStatementOutlivesAChangeOfItsResult) {
  constexpr Query kLabels{"test.Labels", "SELECT label FROM thing"};
  ASSERT_THAT(Run("CREATE TABLE thing (label bigint); INSERT INTO thing VALUES (1)"), IsOk());
  const auto body = [&](Tx& tx) -> absl::StatusOr<std::size_t> {
    return tx.Run(kLabels, {}).size();
  };
  ASSERT_THAT(database_.Read(Soon(), body), IsOk());

  ASSERT_THAT(Run("ALTER TABLE thing ALTER COLUMN label TYPE text"), IsOk());
  EXPECT_THAT(database_.Read(Soon(), body), IsOk());
  ASSERT_THAT(Run("ALTER TABLE thing ALTER COLUMN label TYPE bigint USING label::bigint"), IsOk());
  EXPECT_THAT(database_.Write(Soon(), body), IsOk());
  ASSERT_THAT(Run("ALTER TABLE thing ALTER COLUMN label TYPE text"), IsOk());
  EXPECT_THAT(database_.WriteOne(Soon(), body), IsOk());
}

TEST_F(FaultTest, WhatTheServerDoesNotSupportIsNotAChangedPlan) {
  EXPECT_THAT(Run("CREATE TABLE thing (id bigint, UNIQUE (id)) PARTITION BY HASH ((id + 1))"),
              StatusIs(absl::StatusCode::kInternal, "DATABASE_ERROR"));
}

TEST_F(FaultTest, ARowWithoutAPartitionIsNotTheCallersFault) {
  ASSERT_THAT(Run("CREATE TABLE part (id bigint, label text) PARTITION BY LIST (label)"), IsOk());

  EXPECT_THAT(Run("INSERT INTO part (id, label) VALUES (1, 'a')"),
              StatusIs(absl::StatusCode::kUnavailable, "PARTITION_MISSING"));
}

TEST_F(FaultTest, AValueThatACheckForbidsIsRefusedWhateverItsTextLooksLike) {
  ASSERT_THAT(Run("CREATE TABLE thing (id bigint CHECK (id > 0), label text)"), IsOk());

  EXPECT_THAT(
      Run("INSERT INTO thing (id, label) VALUES (0, E'a\nLOCATION:  ExecFindPartition, a.c:1')"),
      StatusIs(absl::StatusCode::kFailedPrecondition, "CHECK_VIOLATION"));
}

TEST_F(FaultTest, WhatARolloutHasNotMadeYetMayBeTriedAgain) {
  ASSERT_THAT(Run("CREATE TABLE thing (id bigint)"), IsOk());

  for (const char* const statement :
       {"SELECT id FROM not_yet", "SELECT not_yet FROM thing", "SELECT not_yet(1)",
        "SET LOCAL ROLE pg_monitor; SELECT id FROM thing"}) {
    const absl::Status status = database_.Write(Soon(), [&](Tx& tx) {
      tx.RunScript(statement);
      return absl::OkStatus();
    });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "SCHEMA_MISMATCH")) << statement;
  }
}

TEST_F(FaultTest, AStatementThatMetNoTableFindsItLater) {
  constexpr Query kIds{"test.Ids", "SELECT id FROM thing"};
  const auto body = [&](Tx& tx) -> absl::StatusOr<std::size_t> { return tx.Run(kIds, {}).size(); };
  ASSERT_THAT(database_.Read(Soon(), body),
              StatusIs(absl::StatusCode::kUnavailable, "SCHEMA_MISMATCH"));

  ASSERT_THAT(Run("CREATE TABLE thing (id bigint)"), IsOk());

  EXPECT_THAT(database_.Read(Soon(), body), IsOk());
}

TEST_F(FaultTest, AnExceptionOfTheBodyCostsNoConnection) {
  const absl::Status status = database_.Write(Soon(), [](Tx& tx) -> absl::Status {
    tx.RunScript("CREATE TABLE thing (id bigint)");
    throw std::runtime_error("a bug");
  });

  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(database_.Figures().idle, 1);
  EXPECT_EQ(database_.Figures().discarded, 0);
  EXPECT_THAT(Run("CREATE TABLE thing (id bigint)"), IsOk());
}

}  // namespace
}  // namespace lotura::pg
