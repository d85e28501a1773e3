// What becomes of statements and waits whose deadline passes, against a real server. tsan
#include <gtest/gtest.h>

#include <csignal>
#include <latch>

#include "libs/pg/database.h"
#include "libs/testing/eventually.h"
#include "libs/testing/postgres.h"
#include "libs/testing/status_matchers.h"

namespace lotura::pg {
namespace {

using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;
using Clock = ::std::chrono::steady_clock;

constexpr Query kOne{"test.One", "SELECT 1"};
constexpr Query kSleep{"test.Sleep", "SELECT pg_sleep($1::bigint)"};

// Holds the server's listener: sessions go on, and whoever connects waits.
class StoppedListener {
 public:
  StoppedListener() { ::kill(testing::Postgres().pid(), SIGSTOP); }
  ~StoppedListener() { ::kill(testing::Postgres().pid(), SIGCONT); }
  StoppedListener(const StoppedListener&) = delete;
  StoppedListener& operator=(const StoppedListener&) = delete;
};

class DeadlineTest : public ::testing::Test {
 protected:
  // A statement that takes far longer than any test.
  absl::Status ReadForever(Deadline deadline) {
    return database_.Read(deadline, [](Tx& tx) {
      tx.Run(kSleep, Params().Int(300));
      return absl::OkStatus();
    });
  }

  absl::Status ReadOne(Deadline deadline) {
    return database_.Read(deadline, [](Tx& tx) {
      tx.Run(kOne, {});
      return absl::OkStatus();
    });
  }

  const std::string conninfo_ = testing::Postgres().NewDatabase();
  Database database_{Options{.conninfo = conninfo_, .pool_size = 3}};
};

TEST_F(DeadlineTest, AnEarlierDeadlineIsKeptWhileALaterOneIsWatched) {
  std::latch first_runs(1);
  std::latch first_may_end(1);
  std::jthread first([&] {
    database_
        .Read(Deadline::After(seconds(20)),
              [&](Tx& tx) {
                tx.Run(kOne, {});
                first_runs.count_down();
                first_may_end.wait();
                return absl::OkStatus();
              })
        .IgnoreError();
  });
  first_runs.wait();
  const auto start = Clock::now();

  const absl::Status status = ReadForever(Deadline::After(milliseconds(100)));

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
  EXPECT_LT(Clock::now() - start, seconds(10));
  first_may_end.count_down();
}

TEST_F(DeadlineTest, TwoReadsAreCancelledEachAtItsOwnDeadline) {
  const auto start = Clock::now();
  absl::Status first;
  std::jthread later([&] { first = ReadForever(Deadline::After(milliseconds(300))); });

  const absl::Status second = ReadForever(Deadline::After(milliseconds(100)));
  later.join();

  EXPECT_EQ(first.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(second.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(Clock::now() - start, seconds(10));
}

TEST_F(DeadlineTest, AReadThatSucceedsBeforeALateCancellationKeepsItsAnswer) {
  const Deadline deadline = Deadline::After(milliseconds(100));

  const absl::Status status = database_.Read(deadline, [&](Tx& tx) {
    tx.Run(kOne, {});
    EXPECT_TRUE(
        Eventually([&] { return Clock::now() > deadline.at() + milliseconds(200); }, seconds(10)));
    return absl::OkStatus();
  });

  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(database_.Figures().discarded, 1);
  EXPECT_THAT(ReadOne(Deadline::After(seconds(20))), IsOk());
}

TEST_F(DeadlineTest, ACancellationThatDoesNotGetThroughHoldsUpNobodyElse) {
  std::latch all_connected(2);
  const auto connect = [&] {
    return database_.Read(Deadline::After(seconds(20)), [&](Tx&) {
      all_connected.arrive_and_wait();
      return absl::OkStatus();
    });
  };
  {
    std::jthread other([&] { EXPECT_THAT(connect(), IsOk()); });
    ASSERT_THAT(connect(), IsOk());
  }
  const Deadline late = Deadline::After(milliseconds(100));
  std::atomic<bool> others_go_on = false;
  {
    auto stopped = std::make_optional<StoppedListener>();
    std::jthread cancelled(
        [&] { EXPECT_EQ(ReadForever(late).code(), absl::StatusCode::kDeadlineExceeded); });
    std::jthread other([&] {
      while (Clock::now() < late.at() + milliseconds(300))
        EXPECT_THAT(ReadOne(Deadline::After(seconds(20))), IsOk());
      others_go_on = true;
    });

    EXPECT_TRUE(Eventually([&] { return others_go_on.load(); }, seconds(10)));

    stopped.reset();
  }
}

TEST_F(DeadlineTest, ConnectingIsGivenUpSoonAfterTheDeadline) {
  const StoppedListener stopped;
  const auto start = Clock::now();

  const absl::Status status = ReadOne(Deadline::After(milliseconds(100)));

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_LT(Clock::now() - start, milliseconds(4500));
}

TEST_F(DeadlineTest, AConnectionThatOpensTooLateIsKeptForTheNextCaller) {
  const Deadline deadline = Deadline::After(milliseconds(100));
  auto stopped = std::make_optional<StoppedListener>();
  std::jthread late(
      [&] { EXPECT_EQ(ReadOne(deadline).code(), absl::StatusCode::kDeadlineExceeded); });
  EXPECT_TRUE(Eventually([&] { return deadline.Passed(); }, seconds(10)));

  stopped.reset();
  late.join();

  EXPECT_EQ(database_.Figures().idle, 1);
  EXPECT_EQ(database_.Figures().discarded, 0);
}

}  // namespace
}  // namespace lotura::pg
