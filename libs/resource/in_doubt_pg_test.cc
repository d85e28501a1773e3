// A server process that dies while its commit waits: the transaction is committed, but its client
// never hears of it.
#include <gtest/gtest.h>

#include "libs/resource/testdata/engine_bench.h"
#include "libs/resource/testdata/import_client.h"
#include "libs/testing/eventually.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using namespace testdata;  // NOLINT(google-build-using-namespace): the bench that this file is
                           // about
using ::lotura::testing::Eventually;
using std::chrono::seconds;

// With a standby that does not exist, every commit is durable and then waits for ever.
class InDoubtTest : public ::testing::Test {
 protected:
  ~InDoubtTest() override {
    Run("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
  }

  void MakeCommitsWait() {
    Run("ALTER SYSTEM SET synchronous_standby_names = 'nowhere'", "SELECT pg_reload_conf()");
    ASSERT_TRUE(Eventually([&] { return Text("SHOW synchronous_standby_names") == "nowhere"; },
                           seconds(10)));
  }

  // Kills the processes whose commits wait; returns how many those were.
  std::int64_t KillWaitingCommits() {
    return std::stoll(
        Text("SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity "
             "WHERE application_name = 'widget-writes' AND wait_event = 'SyncRep'"));
  }

  std::string Text(const std::string& statement) {
    return admin_
        .Read(Deadline::After(seconds(10)),
              [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
                return testing::Select(tx, statement).String(0, 0);
              })
        .value();
  }
  void Run(const std::string& first, const std::string& second) {
    for (const std::string& statement : {first, second}) {
      static_cast<void>(admin_.WriteOne(Deadline::After(seconds(10)), [&](pg::Tx& tx) {
        tx.RunScript(statement);
        return absl::OkStatus();
      }));
    }
  }

  EngineBench engine_;
  pg::Database admin_{{.conninfo = testing::Postgres().Conninfo("postgres"), .pool_size = 1}};
};

TEST_F(InDoubtTest, TwoHundredKilledCommitsGiveNoWrongAnswer) {
  MakeCommitsWait();
  std::int64_t kills = 0;
  int wrong = 0;
  for (int i = 0; i < 200; ++i) {
    auto request = NewWidget(fmt::format("w{}", i));
    request.set_request_id(fmt::format("8b1a9953-c461-4b6a-a1a6-0b4a{:08x}", i));
    absl::StatusOr<v1::Widget> answer;
    std::atomic<bool> answered = false;
    std::jthread caller([&] {
      answer = engine_.Create(request);
      answered = true;
    });
    std::int64_t killed = 0;
    ASSERT_TRUE(Eventually(
        [&] {
          killed += KillWaitingCommits();
          return answered.load();
        },
        seconds(20)));
    caller.join();
    kills += killed;
    const bool told_true = answer.ok() && engine_.Get(answer->name()).ok() &&
                           engine_.Get(answer->name())->DebugString() == answer->DebugString();
    if (!told_true) ++wrong;
  }

  EXPECT_GE(kills, 200);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(engine_.Count("widget"), 200);
  EXPECT_EQ(engine_.Count("journal"), 200);
}

TEST_F(InDoubtTest, KilledCommitsOfAnImportLoseAndDoubleNothing) {
  constexpr int kChunks = 10;
  MakeCommitsWait();
  ImportClient client(engine_.import());
  std::atomic<bool> ended = false;
  absl::Status status;
  std::jthread caller([&] {
    for (int i = 0; i < kChunks; ++i)
      client.Send(ChunkAt(i, {Row(fmt::format("a{}", i)), Row(fmt::format("b{}", i))}));
    status = client.Close();
    ended = true;
  });
  std::int64_t kills = 0;
  ASSERT_TRUE(Eventually(
      [&] {
        kills += KillWaitingCommits();
        return ended.load();
      },
      seconds(60)));
  caller.join();

  EXPECT_THAT(status, testing::IsOk());
  EXPECT_GE(kills, kChunks);
  ASSERT_EQ(client.results().size(), kChunks);
  for (const auto& result : client.results())
    EXPECT_EQ(Told(result),
              fmt::format("widgets/a{} widgets/b{}", result.position(), result.position()));
  EXPECT_EQ(engine_.Count("widget"), 2 * kChunks);
  EXPECT_EQ(engine_.Count("journal"), 2 * kChunks);
}

TEST_F(InDoubtTest, WithoutRequestIdTheCallerIsToldThatTheOutcomeIsUnknown) {
  MakeCommitsWait();
  absl::StatusOr<v1::Widget> answer;
  std::atomic<bool> answered = false;
  std::jthread caller([&] {
    answer = engine_.Create(NewWidget("acme"));
    answered = true;
  });
  ASSERT_TRUE(Eventually(
      [&] {
        KillWaitingCommits();
        return answered.load();
      },
      seconds(20)));
  caller.join();

  EXPECT_THAT(answer, testing::StatusIs(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT"));
}

}  // namespace
}  // namespace lotura::resource
