// The load against real servers: what it counts, and that nothing keeps it waiting.
#include "tools/bench/load/load.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <atomic>
#include <thread>

#include "libs/rpc/door_fixture.h"
#include "libs/testing/eventually.h"
#include "tools/bench/load/arrivals.h"
#include "tools/bench/load/descriptor.h"
#include "tools/bench/server/bare_echo.h"

namespace lotura::bench {
namespace {

using rpc::EchoServer;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

Target TargetAt(int port) { return *Resolve(fmt::format("127.0.0.1:{}", port)); }
Target TargetOf(const EchoServer& server) { return TargetAt(server.server().port()); }

Workload Calls(const std::string& method) {
  return {method, [] { return Request{rpc::Text<rpc::echo::EchoRequest>("kaixo")}; }};
}

LoadPlan BriefPlan(const EchoServer& server) {
  return {.connections = 2, .warm_up = 0ms, .measured = 300ms, .token = server.Token()};
}

LoadPlan Closed(LoadPlan plan, std::size_t in_flight) {
  plan.in_flight = in_flight;
  return plan;
}

// Reads nothing of what it is sent, and answers nothing.
class DeafService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* /*context*/) override {
    return new Reactor();
  }

 private:
  // Owns itself, as reactors do.
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
  };
};

// A socket that the kernel lets clients connect to, and that nobody serves.
class SilentPort {
 public:
  SilentPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const bytes = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    const bool listens = bind(socket_.number(), bytes, size) == 0 &&
                         listen(socket_.number(), 16) == 0 &&
                         getsockname(socket_.number(), bytes, &size) == 0;
    EXPECT_TRUE(listens);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  Descriptor socket_;
  int port_ = 0;
};

TEST(LoadTest, AnOpenLoopSendsEveryCallThatIsDue) {
  EchoServer server;
  LoadPlan plan = BriefPlan(server);
  plan.rate = 500;
  std::uint64_t due = 0;
  Arrivals arrivals(plan.rate, plan.seed);
  while (arrivals.Next() < plan.measured) ++due;

  const LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEcho), plan);

  EXPECT_EQ(result.ok, due);
  EXPECT_EQ(result.ok_latencies.size(), due);
  EXPECT_THAT(result.failed, IsEmpty());
}

TEST(LoadTest, CallsThatFailAreSentAgainAtOnceAndCountOnce) {
  EchoServer server;
  std::atomic<int> asked = 0;
  server.echo_handler = [&](const auto&, const auto&) -> absl::StatusOr<rpc::echo::EchoResponse> {
    if (asked++ % 3 < 2) return ResourceExhausted("FULL", "full", 10);
    return rpc::echo::EchoResponse();
  };
  LoadPlan plan = BriefPlan(server);
  plan.connections = 1;
  plan.rate = 100;
  plan.repetitions_max = 20;

  LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEcho), plan);

  // Of calls side by side one may be refused each time, and none is repeated after the end.
  const std::uint64_t failed = result.failed["FULL"];
  EXPECT_GT(result.ok, 0U);
  EXPECT_GT(result.repetitions, failed);
  EXPECT_EQ(result.ok + result.repetitions + failed, static_cast<std::uint64_t>(asked.load()));
  EXPECT_EQ(result.refused_latencies.size(), result.repetitions + failed);
  EXPECT_EQ(result.refused_without_time, 0U);
  EXPECT_EQ(result.failed.size(), 1U);
}

TEST(LoadTest, RefusalsThatDoNotSayWhenToComeAgainAreCounted) {
  EchoServer server;
  server.echo_handler = [](const auto&, const auto&) -> absl::StatusOr<rpc::echo::EchoResponse> {
    return Error(absl::StatusCode::kResourceExhausted, "FULL", "full");
  };
  LoadPlan plan = BriefPlan(server);
  plan.rate = 100;

  const LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEcho), plan);

  EXPECT_GT(result.refused_without_time, 0U);
  EXPECT_THAT(result.failed, ElementsAre(Pair("FULL", result.refused_without_time)));
}

TEST(LoadTest, MessagesAreTakenWhole) {
  EchoServer server;
  std::atomic<int> wrong = 0;
  const std::string text(300'000, 'a');
  server.echo_handler = [&](const auto&, const rpc::echo::EchoRequest& request) {
    if (request.text() != text) ++wrong;
    rpc::echo::EchoResponse response;
    response.set_text(request.text());
    return response;
  };
  std::uint64_t numbers = 0;
  std::uint64_t ended = 0;
  const Workload workload{rpc::kEcho,
                          [&] {
                            return Request{rpc::Text<rpc::echo::EchoRequest>(text), numbers++};
                          },
                          [&](std::uint64_t number, std::string_view answer) {
                            if (rpc::TextOf<rpc::echo::EchoResponse>(std::string(answer)) != text)
                              ++wrong;
                            ended += number + 1;
                          }};

  const LoadResult result = RunLoad(TargetOf(server), workload, Closed(BriefPlan(server), 4));

  EXPECT_GT(result.ok, 0U);
  EXPECT_THAT(result.failed, IsEmpty());
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(ended, numbers * (numbers + 1) / 2) << "each call ends once, under its number";
  EXPECT_EQ(result.answer_bytes, result.ok * rpc::Text<rpc::echo::EchoResponse>(text).size());
}

TEST(LoadTest, AUnixSocketIsATarget) {
  const testing::TempDir directory;
  const std::string address = "unix:" + directory.path() + "/socket";
  EchoServer server({.address = address});

  const LoadResult result =
      RunLoad(*Resolve(address), Calls(rpc::kEcho), Closed(BriefPlan(server), 4));

  EXPECT_GT(result.ok, 0U);
  EXPECT_THAT(result.failed, IsEmpty());
}

TEST(LoadTest, AFailureIsCountedByTheReasonInItsDetails) {
  EchoServer server;
  server.echo_handler = [](const auto&, const auto&) -> absl::StatusOr<rpc::echo::EchoResponse> {
    return FailedPrecondition("DEAL_CLOSED", "100 % sold: nothing left, señora");
  };

  LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEcho), Closed(BriefPlan(server), 4));

  EXPECT_EQ(result.ok, 0U);
  EXPECT_THAT(result.failed, ElementsAre(Key("DEAL_CLOSED")));
  EXPECT_GT(result.failed_latencies.Percentile(0.5), nanoseconds(0));
}

TEST(LoadTest, AnAnswerOfTrailersOnlyIsCountedByWhatItsCodeStandsFor) {
  int port = 0;
  // Says UNIMPLEMENTED to everything, without details.
  grpc::CallbackGenericService service;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();

  const LoadResult result = RunLoad(TargetAt(port), Calls(rpc::kEcho),
                                    {.in_flight = 4, .warm_up = 0ms, .measured = 100ms});

  EXPECT_EQ(result.ok, 0U);
  EXPECT_THAT(result.failed, ElementsAre(Key("UNIMPLEMENTED")));
}

TEST(LoadTest, CallsBeyondTheStreamsOfTheServerWaitTheirTurn) {
  EchoServer server({.streams_per_connection_max = 2}, {}, {.threads = 8});
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  server.echo_handler = [&](const auto&, const auto&) {
    const int now = ++inside;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    // Long enough that others would be seen.
    Eventually([&] { return inside > 4; }, 5ms);
    --inside;
    return rpc::echo::EchoResponse();
  };

  LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEcho), Closed(BriefPlan(server), 16));

  EXPECT_GT(result.ok, 0U);
  EXPECT_THAT(result.failed, IsEmpty());
  EXPECT_LE(most, 4) << "two on each of two connections";
  // Eight rounds of at least 5 ms: waiting is part of the latency.
  EXPECT_GT(result.ok_latencies.Percentile(0.5), 15ms);
}

TEST(LoadTest, AStalledServerDelaysNoStartAndIsSeenInTheLatencies) {
  constexpr auto kStall = 300ms;
  EchoServer server({}, {}, {.threads = 1});
  std::atomic<int> calls = 0;
  server.echo_handler = [&](const auto&, const auto&) {
    if (++calls == 50) Eventually([] { return false; }, kStall);
    return rpc::echo::EchoResponse();
  };
  LoadPlan plan = BriefPlan(server);
  plan.rate = 300;
  plan.measured = 800ms;
  std::uint64_t due = 0;
  Arrivals arrivals(plan.rate, plan.seed);
  while (arrivals.Next() < plan.measured) ++due;

  LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEcho), plan);

  EXPECT_THAT(result.failed, IsEmpty());
  EXPECT_EQ(result.ok, due);
  EXPECT_GE(result.ok_latencies.Percentile(1), kStall - 10ms);
  // About a third of all calls began while it stalled, and waited half of it in the mean.
  EXPECT_GE(result.ok_latencies.Percentile(0.85), 100ms);
}

TEST(LoadTest, AnOpenLoopSendsNoMoreThanMayBeUnanswered) {
  EchoServer server({}, {}, {.threads = 1});
  std::atomic<bool> stalled = true;
  server.echo_handler = [&](const auto&, const auto&) {
    if (stalled.exchange(false)) Eventually([] { return false; }, 200ms);
    return rpc::echo::EchoResponse();
  };
  LoadPlan plan = BriefPlan(server);
  plan.rate = 1000;
  plan.unanswered_max = 10;

  const LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEcho), plan);

  EXPECT_THAT(result.failed, ElementsAre(Pair("OVERRUN", ::testing::Gt(50U))));
}

TEST(LoadTest, ACallWithoutAnAnswerEndsAtItsDeadline) {
  EchoServer server;
  std::mutex mutex;  // guards unanswered
  std::vector<rpc::Done> unanswered;
  server.later_handler = [&](const auto&, const auto&, rpc::Done done) {
    const std::lock_guard lock(mutex);
    unanswered.push_back(std::move(done));
  };
  LoadPlan plan = Closed(BriefPlan(server), 4);
  plan.deadline = 100ms;
  const auto begin = std::chrono::steady_clock::now();

  LoadResult result = RunLoad(TargetOf(server), Calls(rpc::kEchoLater), plan);

  EXPECT_EQ(result.ok, 0U);
  EXPECT_THAT(result.failed, ElementsAre(Key("DEADLINE_EXCEEDED")));
  EXPECT_GE(result.failed_latencies.Percentile(0), 90ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST(LoadTest, AServerThatReadsNothingCannotKeepTheLoad) {
  int port = 0;
  DeafService service;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const Workload large{rpc::kEcho, [] { return Request{std::string(1 << 20, 'a')}; }};

  const LoadResult result = RunLoad(
      TargetAt(port), large,
      {.connections = 2, .in_flight = 8, .warm_up = 0ms, .measured = 300ms, .deadline = 100ms});

  EXPECT_EQ(result.ok, 0U);
  EXPECT_THAT(result.failed, ElementsAre(Key("DEADLINE_EXCEEDED")));
}

TEST(LoadTest, AServerThatSaysNothingCannotKeepTheLoad) {
  const SilentPort silent;
  const auto begin = std::chrono::steady_clock::now();

  const LoadResult result =
      RunLoad(TargetAt(silent.port()), Calls(rpc::kEcho),
              {.rate = 100, .warm_up = 0ms, .measured = 300ms, .deadline = 100ms});

  EXPECT_EQ(result.ok, 0U);
  EXPECT_THAT(result.failed, ElementsAre(Key("DEADLINE_EXCEEDED")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST(LoadTest, AServerThatIsNotThereIsTriedAgainWithPauses) {
  const int port = SilentPort().port();

  const LoadResult result = RunLoad(TargetAt(port), Calls(rpc::kEcho),
                                    {.in_flight = 4, .warm_up = 0ms, .measured = 300ms});

  // Every 100 ms.
  EXPECT_THAT(
      result.failed,
      ElementsAre(Pair("UNAVAILABLE", ::testing::AllOf(::testing::Ge(4U), ::testing::Le(16U)))));
}

TEST(LoadTest, AServerThatStopsIsCountedAndTheLoadGoesOn) {
  std::atomic<int> calls = 0;
  EchoServer server;
  server.echo_handler = [&](const auto&, const auto&) {
    ++calls;
    return rpc::echo::EchoResponse();
  };
  LoadPlan plan = Closed(BriefPlan(server), 8);
  plan.measured = 500ms;
  const Target target = TargetOf(server);
  const std::jthread stopping([&] {
    EXPECT_TRUE(Eventually([&] { return calls > 50; }, 5s));
    server.StopServer();
  });

  const LoadResult result = RunLoad(target, Calls(rpc::kEcho), plan);

  EXPECT_GT(result.ok, 50U);
  EXPECT_THAT(result.failed, ::testing::Contains(Key("UNAVAILABLE")));
}

TEST(LoadTest, AServerThatComesBackIsFound) {
  std::atomic<std::uint64_t> calls = 0;
  EchoServer before;
  before.echo_handler = [&](const auto&, const auto&) {
    ++calls;
    return rpc::echo::EchoResponse();
  };
  LoadPlan plan = Closed(BriefPlan(before), 8);
  plan.measured = 1s;
  const int port = before.server().port();
  std::unique_ptr<BareEcho> after;
  const std::jthread restarting([&] {
    EXPECT_TRUE(Eventually([&] { return calls > 50; }, 5s));
    before.StopServer();
    after = BareEcho::Start(fmt::format("127.0.0.1:{}", port), 3);
  });

  const LoadResult result = RunLoad(TargetAt(port), Calls(rpc::kEcho), plan);

  EXPECT_GT(result.ok, calls) << "none was answered by the second server";
}

TEST(TargetTest, WhatIsNoTargetIsRefused) {
  for (const char* text : {"", "localhost", "unix:", "no such host:1"})
    EXPECT_FALSE(Resolve(text).ok()) << text;
}

}  // namespace
}  // namespace lotura::bench
