// Limits of the server, and how it stops.
#include "libs/rpc/server.h"

#include <gtest/gtest.h>

#include <future>

#include "libs/rpc/door_fixture.h"
#include "libs/rpc/shutdown_signal.h"
#include "libs/testing/eventually.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

TEST(ServerTest, ATokenOfTwelveKilobytesIsTaken) {
  EchoServer server;
  std::vector<std::string> permissions(70, std::string(120, 'p'));
  permissions.emplace_back("rpctest.*");
  const std::string token = server.Token(permissions);
  ASSERT_GT(token.size(), 11'500U);

  EXPECT_THAT(Send(server.channel(), {.method = kEcho, .token = token}).status, IsOk());
}

TEST(ServerTest, ARequestBeyondTheLimitIsRefused) {
  EchoServer server({}, {.pipeline = {.message_bytes_max = 10'000}});

  EXPECT_THAT(server.Echo(Text<echo::EchoRequest>(std::string(10'001, 'a'))).status,
              StatusIs(StatusCode::kResourceExhausted, "REQUEST_TOO_LARGE"));
  EXPECT_THAT(server.Echo("").status, IsOk());
}

// Takes one message at a time, and no other one before somebody lets it go on.
class PausingSession final : public StreamSession {
 public:
  explicit PausingSession(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  void OnMessage(std::unique_ptr<pbuf::Message>) override {
    EXPECT_FALSE(paused_.exchange(true)) << "a message came while nothing was to be read";
    stream_->PauseReading();
    ++heard_;
  }
  void OnHalfClose() override {
    EXPECT_FALSE(paused_);
    stream_->Finish(absl::OkStatus());
  }

  void GoOn() {
    paused_ = false;
    stream_->ResumeReading();
  }
  [[nodiscard]] int heard() const { return heard_; }

 private:
  const std::shared_ptr<Stream> stream_;  // kept by the transport, too, until OnEnd
  std::atomic<bool> paused_ = false;
  std::atomic<int> heard_ = 0;
};

TEST(ServerTest, ASessionThatPausesIsToldOfNothingUntilItGoesOn) {
  EchoServer server;
  std::promise<std::shared_ptr<PausingSession>> opened;
  server.chat_handler =
      [&](const auto&,
          std::shared_ptr<Stream> stream) -> absl::StatusOr<std::shared_ptr<StreamSession>> {
    auto session = std::make_shared<PausingSession>(std::move(stream));
    opened.set_value(session);
    return session;
  };
  RawAnswer answer;
  std::jthread caller([&] {
    answer = Send(server.channel(),
                  {.method = kChat, .messages = {"", "", ""}, .token = server.Token()});
  });
  const auto session = opened.get_future().get();

  for (int heard = 1; heard <= 3; ++heard) {
    ASSERT_TRUE(Eventually([&] { return session->heard() == heard; }, 10s));
    // Meanwhile the transport could have read more.
    EXPECT_THAT(server.Echo("").status, IsOk());
    EXPECT_EQ(session->heard(), heard);
    session->GoOn();
  }

  caller.join();
  EXPECT_THAT(answer.status, IsOk());
}

TEST(ServerTest, AResponseBeyondTheLimitIsRefused) {
  EchoServer server({}, {.pipeline = {.message_bytes_max = 10'000}});
  server.echo_handler = [](const auto&, const auto&) {
    echo::EchoResponse response;
    response.set_text(std::string(10'001, 'a'));
    return response;
  };

  EXPECT_THAT(server.Echo("").status,
              StatusIs(StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE"));
}

TEST(ServerTest, ATakenPortIsAStatus) {
  EchoServer server;
  EchoServer other;

  const auto second =
      Server::Start({.address = fmt::format("127.0.0.1:{}", server.server().port())}, other.door());

  EXPECT_THAT(second, StatusIs(StatusCode::kUnavailable, "GRPC_PORT"));
}

TEST(ServerTest, AFullExecutorRefusesAndAnswersTheRest) {
  EchoServer server({}, {}, {.threads = 1, .queue_max = 1});
  std::promise<void> go_on;
  const auto gate = go_on.get_future().share();
  std::atomic<int> entered = 0;
  server.echo_handler = [&](const auto&, const auto&) {
    ++entered;
    gate.wait();
    return echo::EchoResponse();
  };
  std::atomic<int> good = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> callers;
    const auto call = [&] {
      const absl::Status status = server.Echo("").status;
      (status.ok() ? good : refused)++;
      if (!status.ok()) {
        EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted, "QUEUE_FULL"));
      }
    };
    callers.emplace_back(call);
    ASSERT_TRUE(Eventually([&] { return entered == 1; }, 5s));
    for (int i = 0; i < 5; ++i) callers.emplace_back(call);
    EXPECT_TRUE(Eventually([&] { return refused == 4; }, 5s));
    go_on.set_value();
  }

  EXPECT_EQ(good, 2);
}

TEST(ServerTest, ACallThatIsCanceledFreesItsPlace) {
  EchoServer server;
  std::optional<Done> kept;
  server.later_handler = [&](const auto&, const auto&, Done done) { kept = std::move(done); };

  const RawAnswer answer =
      Send(server.channel(), {.method = kEchoLater, .token = server.Token(), .deadline = 50ms});

  EXPECT_EQ(answer.status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Eventually([&] { return server.door().pipeline().calls() == 0; }, 5s));
}

TEST(DrainTest, CallsInFlightAreAnswered) {
  EchoServer server;
  std::promise<void> entered;
  std::promise<void> go_on;
  server.echo_handler = [&](const auto&, const auto&) {
    entered.set_value();
    go_on.get_future().wait();
    return echo::EchoResponse();
  };
  RawAnswer answer;
  std::jthread caller([&] { answer = server.Echo("", 20s); });
  entered.get_future().wait();

  std::jthread drain([&] { server.server().Drain({.announce = 0ms, .calls = 20s}); });
  EXPECT_TRUE(Eventually(
      [&] {
        return Send(server.NewChannel(), {.method = kEcho}).status.code() ==
               StatusCode::kUnavailable;
      },
      10s));
  go_on.set_value();
  drain.join();
  caller.join();

  EXPECT_THAT(answer.status, IsOk());
}

TEST(DrainTest, NoCallIsLostUnderLoad) {
  EchoServer server;
  std::atomic<bool> stopping = false;
  std::atomic<int> good = 0;
  std::atomic<int> lost = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (;;) {
        const RawAnswer answer = server.Echo(Text<echo::EchoRequest>("x"), 2s);
        if (answer.status.ok()) {
          ++good;
        } else if (answer.status.code() != StatusCode::kUnavailable) {
          ++lost;
          ADD_FAILURE() << answer.status;
        }
        if (!answer.status.ok() && stopping) return;
      }
    });
  }
  ASSERT_TRUE(Eventually([&] { return good > 200; }, 10s));

  stopping = true;
  server.server().Drain({.announce = 20ms, .calls = 5s});
  callers.clear();

  EXPECT_EQ(lost, 0);
}

TEST(DrainTest, ACallThatNeverEndsIsAnsweredWhenTheTimeIsOver) {
  EchoServer server;
  std::optional<Done> kept;
  std::atomic<bool> begun = false;
  server.later_handler = [&](const auto&, const auto&, Done done) {
    kept = std::move(done);
    begun = true;
  };
  server.echo_handler = [](const auto&, const auto&) { return echo::EchoResponse(); };
  RawAnswer answer;
  std::jthread caller(
      [&] { answer = Send(server.channel(), {.method = kEchoLater, .token = server.Token()}); });
  ASSERT_TRUE(Eventually([&] { return begun.load(); }, 5s));

  server.server().Drain({.announce = 0ms, .calls = 50ms});
  caller.join();

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kDeadlineExceeded, "STOPPING"));
}

// What main() does, with a handler that never returns and an open watch.
[[noreturn]] void StopWithAStuckHandler() {
  ShutdownSignal signal;
  auto server = std::make_unique<EchoServer>();
  server->echo_handler = [](const auto&, const auto&) -> absl::StatusOr<echo::EchoResponse> {
    std::promise<void>().get_future().wait();
    return echo::EchoResponse();
  };
  std::promise<absl::Status> answer;
  // The process ends by _exit, which joins nobody.
  const std::jthread caller([&] { answer.set_value(server->Echo("", 60s).status); });
  const std::jthread watcher([&] {
    (void)Send(server->channel(), {.method = "grpc.health.v1.Health/Watch", .deadline = 60s});
  });
  const auto busy = [&] {
    return server->door().pipeline().calls() == 1 && server->door().pipeline().open() == 1;
  };
  if (!Eventually(busy, 10s)) _exit(3);
  kill(getpid(), SIGTERM);
  signal.Wait();
  ExitGuard guard(4s);
  server->server().Drain({.announce = 0ms, .calls = 200ms});
  if (answer.get_future().get().code() != StatusCode::kDeadlineExceeded) _exit(5);
  guard.MarkSafe();
  server->StopServer();  // never returns: the executor waits for the handler
  _exit(6);
}

TEST(DrainDeathTest, AStuckHandlerDoesNotKeepTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EXIT(StopWithAStuckHandler(), ::testing::ExitedWithCode(0), "");

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 15s);
}

[[noreturn]] void HangAfterAll() {
  ExitGuard guard(50ms);
  std::promise<void>().get_future().wait();
  _exit(0);
}

TEST(ExitGuardDeathTest, AnEndThatIsNotSafeIsNoSuccess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");

  EXPECT_EXIT(HangAfterAll(), ::testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace lotura::rpc
