// The fence against a real server: what is thrown inside comes out as a status, and the pool stays
// usable. tsan
#include "libs/pg/database.h"

#include <gtest/gtest.h>

#include "libs/testing/eventually.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::pg {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

constexpr Query kOne{"test.One", "SELECT 1"};
constexpr Query kSleep{"test.Sleep", "SELECT pg_sleep($1::bigint)"};
constexpr Query kInsert{"test.Insert",
                        "INSERT INTO thing (id, label) VALUES ($1::bigint, $2::text)"};

Deadline Soon() { return Deadline::After(seconds(20)); }

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    EXPECT_THAT(
        database_.WriteOne(Soon(),
                           [](Tx& tx) {
                             tx.RunScript("CREATE TABLE thing (id bigint PRIMARY KEY, label text)");
                             return absl::OkStatus();
                           }),
        IsOk());
  }

  absl::StatusOr<std::int64_t> Count() {
    return database_.Read(Soon(), [](Tx& tx) -> absl::StatusOr<std::int64_t> {
      return testing::Select(tx, "SELECT count(*) FROM thing").Int(0, 0);
    });
  }

  const std::string conninfo_ = testing::Postgres().NewDatabase();
  Database database_{Options{.conninfo = conninfo_, .pool_size = 2}};
};

TEST_F(DatabaseTest, WriteRollsBackWhenTheBodyReturnsAnError) {
  const absl::Status status = database_.Write(Soon(), [](Tx& tx) -> absl::Status {
    tx.Run(kInsert, Params().Int(1).Text("one"));
    return FailedPrecondition("NO", "no");
  });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "NO"));
  EXPECT_EQ(Count().value(), 0);
}

TEST_F(DatabaseTest, UniqueViolationIsAlreadyExists) {
  const auto insert = [](Tx& tx) {
    tx.Run(kInsert, Params().Int(1).Text("one"));
    return absl::OkStatus();
  };
  ASSERT_THAT(database_.WriteOne(Soon(), insert), IsOk());

  EXPECT_THAT(database_.WriteOne(Soon(), insert),
              StatusIs(absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION"));
  EXPECT_THAT(database_.Write(Soon(), insert),
              StatusIs(absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION"));
}

TEST_F(DatabaseTest, ReadSnapshotSeesWhatThereWasWhenItBegan) {
  const auto count_twice = [this](Tx& tx) -> absl::StatusOr<std::int64_t> {
    const std::int64_t before = testing::Select(tx, "SELECT count(*) FROM thing").Int(0, 0);
    EXPECT_THAT(database_.WriteOne(Soon(),
                                   [before](Tx& write) {
                                     write.Run(kInsert, Params().Int(before).Text("new"));
                                     return absl::OkStatus();
                                   }),
                IsOk());
    return testing::Select(tx, "SELECT count(*) FROM thing").Int(0, 0) - before;
  };

  EXPECT_EQ(database_.ReadSnapshot(Soon(), count_twice).value(), 0);
  EXPECT_EQ(database_.Read(Soon(), count_twice).value(), 1);
  EXPECT_EQ(Count().value(), 2);
}

TEST_F(DatabaseTest, ReadSnapshotOnlyReadsAndIsCancelledAtItsDeadline) {
  EXPECT_FALSE(database_
                   .ReadSnapshot(Soon(),
                                 [](Tx& tx) {
                                   tx.Run(kInsert, Params().Int(1).Text("one"));
                                   return absl::OkStatus();
                                 })
                   .ok());
  const absl::Status late = database_.ReadSnapshot(Deadline::After(milliseconds(100)), [](Tx& tx) {
    tx.Run(kSleep, Params().Int(30));
    return absl::OkStatus();
  });

  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(database_.Figures().in_use, 0);
  EXPECT_EQ(Count().value(), 0);
}

TEST_F(DatabaseTest, ReadIsCancelledAtItsDeadlineAndThePoolStaysUsable) {
  const absl::Status status = database_.Read(Deadline::After(milliseconds(100)), [](Tx& tx) {
    tx.Run(kSleep, Params().Int(30));
    return absl::OkStatus();
  });

  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(database_.Figures().in_use, 0);
  EXPECT_EQ(Count().value(), 0);
}

TEST_F(DatabaseTest, WaitingForAConnectionEndsAtTheDeadline) {
  const absl::Status status = database_.Read(Soon(), [&](Tx&) {
    return database_.Read(Soon(), [&](Tx&) {
      return database_.Read(Deadline::After(milliseconds(50)),
                            [](Tx&) { return absl::OkStatus(); });
    });
  });

  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(DatabaseTest, LostConnectionInAReadIsTriedOnceMore) {
  bool killed = false;
  const absl::Status status = database_.Read(Soon(), [&](Tx& tx) {
    if (!std::exchange(killed, true)) tx.RunScript("SELECT pg_terminate_backend(pg_backend_pid())");
    tx.Run(kOne, {});
    return absl::OkStatus();
  });

  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(database_.Figures().discarded, 1);
}

TEST_F(DatabaseTest, LostConnectionAfterAWriteWasSentIsInDoubt) {
  const absl::Status status = database_.WriteOne(Soon(), [](Tx& tx) {
    tx.RunScript("SELECT pg_terminate_backend(pg_backend_pid())");
    return absl::OkStatus();
  });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT"));
  EXPECT_GT(std::stoi(InfoOf(status).metadata.at("backend")), 0);
}

TEST_F(DatabaseTest, DeadlockedTransactionsRunAgainAndBothSucceed) {
  ASSERT_THAT(database_.WriteOne(
                  Soon(),
                  [](Tx& tx) {
                    tx.RunScript("INSERT INTO thing SELECT g, '' FROM generate_series(1, 2) g");
                    return absl::OkStatus();
                  }),
              IsOk());
  std::atomic<int> inside = 0;
  const auto cross = [&](int first, int second) {
    return database_.Write(Soon(), [&, first, second](Tx& tx) {
      tx.RunScript(fmt::format("UPDATE thing SET label = label || 'x' WHERE id = {}", first));
      ++inside;
      testing::Eventually([&] { return inside >= 2; }, seconds(5));
      tx.RunScript(fmt::format("UPDATE thing SET label = label || 'x' WHERE id = {}", second));
      return absl::OkStatus();
    });
  };
  absl::Status other;
  std::jthread thread([&] { other = cross(2, 1); });
  const absl::Status mine = cross(1, 2);
  thread.join();

  EXPECT_THAT(mine, IsOk());
  EXPECT_THAT(other, IsOk());
}

TEST_F(DatabaseTest, ArraysWithNullsAndTimesArriveUnchanged) {
  Array texts(Type::kText);
  texts.Add("a");
  texts.AddNull();
  texts.Add("c");
  const Instant time = Instant(std::chrono::sys_days{std::chrono::year{1969} / 7 / 20}) +
                       std::chrono::microseconds(123'450);

  const auto same = database_.Read(Soon(), [&](Tx& tx) -> absl::StatusOr<bool> {
    const Rows rows =
        tx.RunBuilt("test.Echo", "SELECT $1::text[] = ARRAY['a', NULL, 'c'], $2::timestamptz",
                    Params().Add(texts).Time(time));
    return rows.Bool(0, 0) && rows.Time(0, 1) == time;
  });

  EXPECT_TRUE(same.value());
}

TEST_F(DatabaseTest, ManyBuiltStatementsStayBounded) {
  const auto count = database_.Read(Soon(), [](Tx& tx) -> absl::StatusOr<std::int64_t> {
    for (int i = 0; i < 500; ++i) tx.RunBuilt("test.Built", fmt::format("SELECT {}", i), {});
    return testing::Select(tx, "SELECT count(*) FROM pg_prepared_statements").Int(0, 0);
  });

  EXPECT_LE(count.value(), 201);
}

TEST_F(DatabaseTest, ServerCrashIsSurvivedByTheNextRead) {
  ASSERT_THAT(Count(), IsOk());

  testing::Postgres().CrashAndRestart();

  EXPECT_THAT(Count(), IsOk());
}

}  // namespace
}  // namespace lotura::pg
