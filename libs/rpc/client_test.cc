// The client against a server: errors, deadlines, many calls at once, repetitions and the breaker.
#include "libs/rpc/client.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "libs/observe/golden.h"
#include "libs/rpc/door_fixture.h"
#include "libs/rpc/message_bytes.h"
#include "libs/testing/eventually.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class ClientTest : public ::testing::Test {
 protected:
  ClientOptions Options() const {
    return {.target = fmt::format("127.0.0.1:{}", server_.server().port()), .neighbor = "rpctest"};
  }
  absl::StatusOr<std::unique_ptr<echo::EchoResponse>> Echo(Client& client, const std::string& text,
                                                           Repeat repeat = Repeat::kNever) {
    echo::EchoRequest request;
    request.set_text(text);
    return client.Call<echo::EchoResponse>(
        kEcho, request,
        {.deadline = Deadline::After(5s), .bearer = server_.Token(), .repeat = repeat});
  }

  EchoServer server_;
  observe::Metrics metrics_{"caller"};
};

TEST_F(ClientTest, ACallIsAnswered) {
  Client client(Options(), metrics_);

  const auto answer = Echo(client, "hello");

  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ((*answer)->text(), "hello");
}

TEST_F(ClientTest, ErrorsComeBackAsTheyWereMade) {
  server_.echo_handler = [](const auto&, const auto&) {
    return InvalidArgument("text", "TOO_LONG", "too long");
  };
  Client client(Options(), metrics_);

  const auto answer = Echo(client, "hello");

  EXPECT_THAT(answer, StatusIs(StatusCode::kInvalidArgument, "TOO_LONG"));
  EXPECT_THAT(answer, HasViolation("text", "TOO_LONG"));
}

TEST_F(ClientTest, DeadlineAndTraceTravelWithTheCall) {
  lotura::Call seen{.deadline = Deadline::After(0s)};
  server_.echo_handler = [&](const lotura::Call& call, const auto&) {
    seen = call;
    return echo::EchoResponse();
  };
  Client client(Options(), metrics_);
  const TraceContext trace = TraceContext().NextSpan();

  ASSERT_THAT(client.Call<echo::EchoResponse>(
                  kEcho, echo::EchoRequest(),
                  {.deadline = Deadline::After(700ms), .bearer = server_.Token(), .trace = trace}),
              IsOk());

  EXPECT_EQ(seen.trace.TraceIdHex(), trace.TraceIdHex());
  EXPECT_LE(seen.deadline.Left(), 800ms);
}

TEST_F(ClientTest, ACallEndsWithItsDeadline) {
  std::optional<Done> kept;
  server_.later_handler = [&](const auto&, const auto&, Done done) { kept = std::move(done); };
  Client client(Options(), metrics_);

  EXPECT_THAT(client.Call<echo::EchoLaterResponse>(
                  kEchoLater, echo::EchoLaterRequest(),
                  {.deadline = Deadline::After(50ms), .bearer = server_.Token()}),
              StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
}

TEST_F(ClientTest, ACallWithoutTimeIsNotMadeAndOneWithoutEndIs) {
  Client client(Options(), metrics_);
  const auto call = [&](Deadline deadline) {
    return client.Call<echo::EchoResponse>(kEcho, echo::EchoRequest(),
                                           {.deadline = deadline, .bearer = server_.Token()});
  };

  EXPECT_THAT(call(Deadline::After(-1s)),
              StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
  EXPECT_THAT(call(Deadline(Deadline::Point::max())), IsOk());
}

TEST_F(ClientTest, CallsWithLittleTimeDoNotSpeakAgainstTheNeighbor) {
  std::optional<Done> kept;
  server_.later_handler = [&](const auto&, const auto&, Done done) { kept = std::move(done); };
  ClientOptions options = Options();
  options.breaker.failures_max = 1;
  Client client(options, metrics_);

  EXPECT_FALSE(client
                   .Call<echo::EchoLaterResponse>(
                       kEchoLater, echo::EchoLaterRequest(),
                       {.deadline = Deadline::After(50ms), .bearer = server_.Token()})
                   .ok());

  EXPECT_THAT(Echo(client, "hello"), IsOk());
}

TEST_F(ClientTest, ManyCallsMayBeUnderWay) {
  Client client(Options(), metrics_);
  std::atomic<int> good = 0;
  std::atomic<int> ended = 0;

  for (int i = 0; i < 500; ++i) {
    auto request = std::make_shared<echo::EchoRequest>();
    request->set_text(std::to_string(i));
    client.Start(kEcho, request, std::make_unique<echo::EchoResponse>(),
                 {.deadline = Deadline::After(20s), .bearer = server_.Token()},
                 [&, i](Client::Response response) {
                   const bool same =
                       response.ok() &&
                       static_cast<echo::EchoResponse&>(**response).text() == std::to_string(i);
                   good += same ? 1 : 0;
                   ++ended;
                 });
  }

  EXPECT_TRUE(Eventually([&] { return ended == 500; }, 20s));
  EXPECT_EQ(good, 500);
}

TEST_F(ClientTest, CallsBeyondTheBoundAreRefused) {
  std::mutex mutex;
  std::vector<Done> kept;
  server_.later_handler = [&](const auto&, const auto&, Done done) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(done));
  };
  ClientOptions options = Options();
  options.calls_max = 1;
  Client client(options, metrics_);
  std::atomic<bool> first_ended = false;
  client.Start(kEchoLater, std::make_shared<echo::EchoLaterRequest>(),
               std::make_unique<echo::EchoLaterResponse>(),
               {.deadline = Deadline::After(5s), .bearer = server_.Token()},
               [&](const auto&) { first_ended = true; });

  EXPECT_THAT(Echo(client, "second"), StatusIs(StatusCode::kResourceExhausted, "TOO_MANY_CALLS"));

  EXPECT_TRUE(Eventually([&] { return first_ended.load(); }, 5s));
}

TEST_F(ClientTest, OnlyCallsThatAreSafeAreMadeAgain) {
  std::atomic<int> calls = 0;
  server_.echo_handler = [&](const auto&, const auto&) -> absl::StatusOr<echo::EchoResponse> {
    if (++calls % 2 == 1) return Unavailable("DATABASE_DOWN", "the database is away");
    return echo::EchoResponse();
  };
  Client client(Options(), metrics_);

  EXPECT_THAT(Echo(client, "", Repeat::kSafe), IsOk());
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(Echo(client, ""), StatusIs(StatusCode::kUnavailable, "DATABASE_DOWN"));
  EXPECT_EQ(calls, 3);
}

// Ends the first call as gRPC ends what reaches a server that stops, and answers the others.
class StoppingService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    class Reactor final : public grpc::ServerGenericBidiReactor {
     public:
      explicit Reactor(bool lost) {
        if (lost) {
          Finish(grpc::Status::CANCELLED);
        } else {
          StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
        }
      }
      void OnDone() override { delete this; }

     private:
      const grpc::ByteBuffer answer_ = ToBytes(echo::EchoResponse());
    };
    return new Reactor(calls_++ == 0);
  }

 private:
  std::atomic<int> calls_ = 0;
};

TEST_F(ClientTest, ACallThatAStoppingServerLostIsUnavailable) {
  for (const Repeat repeat : {Repeat::kNever, Repeat::kSafe}) {
    StoppingService service;
    grpc::ServerBuilder builder;
    ClientOptions options = Options();
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&service);
    const auto stopping = builder.BuildAndStart();
    options.target = fmt::format("127.0.0.1:{}", port);
    Client client(options, metrics_);

    const auto answer = Echo(client, "hello", repeat);

    if (repeat == Repeat::kSafe) {
      EXPECT_THAT(answer, IsOk());
    } else {
      EXPECT_THAT(answer, StatusIs(StatusCode::kUnavailable, "CALL_LOST"));
    }
  }
}

TEST_F(ClientTest, RepetitionsHaveABudget) {
  std::atomic<int> calls = 0;
  server_.echo_handler = [&](const auto&, const auto&) -> absl::StatusOr<echo::EchoResponse> {
    ++calls;
    return Unavailable("DATABASE_DOWN", "the database is away");
  };
  ClientOptions options = Options();
  options.breaker.failures_max = 1000;
  Client client(options, metrics_);

  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Echo(client, "", Repeat::kSafe).ok());

  EXPECT_EQ(calls, 20);
}

TEST_F(ClientTest, ANeighborThatIsDownIsLeftAloneUntilItIsBack) {
  ClientOptions options = Options();
  options.breaker = {.failures_max = 3, .open_first = 100ms, .open_longest = 200ms};
  Client client(options, metrics_);
  server_.echo_handler = [](const auto&, const auto&) -> absl::StatusOr<echo::EchoResponse> {
    return Unavailable("DATABASE_DOWN", "the database is away");
  };
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Echo(client, "").ok());
  EXPECT_THAT(Echo(client, ""), StatusIs(StatusCode::kUnavailable, "BREAKER_OPEN"));

  server_.echo_handler = [](const auto&, const auto&) { return echo::EchoResponse(); };

  EXPECT_TRUE(Eventually([&] { return Echo(client, "").ok(); }, 5s));
}

TEST_F(ClientTest, ClosingEndsWhatIsUnderWay) {
  std::mutex mutex;
  std::vector<Done> kept;
  server_.later_handler = [&](const auto&, const auto&, Done done) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(done));
  };
  std::atomic<int> ended = 0;
  {
    Client client(Options(), metrics_);
    for (int i = 0; i < 10; ++i) {
      client.Start(
          kEchoLater, std::make_shared<echo::EchoLaterRequest>(),
          std::make_unique<echo::EchoLaterResponse>(),
          {.deadline = Deadline::After(60s), .bearer = server_.Token(), .repeat = Repeat::kSafe},
          [&](const auto& response) {
            EXPECT_FALSE(response.ok());
            ++ended;
          });
    }
    // Once the handler has them all, it is not called any more.
    ASSERT_TRUE(testing::Eventually(
        [&] {
          const std::lock_guard lock(mutex);
          return kept.size() == 10;
        },
        10s));
  }

  EXPECT_EQ(ended, 10);
}

TEST_F(ClientTest, TheNamesOfAllMetricsAreThoseOfTheGoldenFile) {
  Client client(Options(), server_.metrics());
  ASSERT_THAT(Echo(client, "hello"), IsOk());

  EXPECT_EQ(observe::DifferenceFromGolden(server_.metrics(), LOTURA_RPC_METRICS), "");
}

TEST_F(ClientTest, AServerInTheSameProcessNeedsNoPort) {
  Client client(Options(), server_.server().InProcessChannel(), metrics_);

  EXPECT_THAT(Echo(client, "hello"), IsOk());
}

TEST_F(ClientTest, AnAddressWhereNobodyListensIsUnavailable) {
  ClientOptions options = Options();
  options.target = "unix:/nonexistent/socket";
  Client client(options, metrics_);

  EXPECT_THAT(Echo(client, "hello"), StatusIs(StatusCode::kUnavailable, "UNAVAILABLE"));
}

}  // namespace
}  // namespace lotura::rpc
