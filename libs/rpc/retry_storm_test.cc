// What the client adds to the load of a neighbor that is in trouble. `tools/dev trial R19` reads
// what is recorded here.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "libs/rpc/client.h"
#include "libs/rpc/door_fixture.h"

namespace lotura::rpc {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr int kCallers = 32;
constexpr int kCalls = 4'000;
// The budget, and what a client may ask again before it has earned anything.
constexpr double kAmplificationMax = 1.1;

class RetryStorm : public ::testing::Test {
 protected:
  // Makes calls that may be made again, while `failure` is what `percent` of all that reach the
  // neighbor are answered with; says how often the neighbor was asked for each of them.
  double AmplificationWith(int percent, const absl::Status& failure) {
    std::atomic<int> asked = 0;
    // 37 has no divisor in common with 100: the failures are spread evenly.
    server_.echo_handler = [&](const auto&, const auto&) -> absl::StatusOr<echo::EchoResponse> {
      if (asked++ * 37 % 100 < percent) return failure;
      return echo::EchoResponse();
    };
    // The breaker would hold calls back: here the budget alone is tried.
    Client client({.target = fmt::format("127.0.0.1:{}", server_.server().port()),
                   .neighbor = "rpctest",
                   .breaker = {.failures_max = kCalls * 3}},
                  metrics_);
    std::atomic<int> begun = 0;
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([&] {
        while (begun++ < kCalls) {
          client
              .Call<echo::EchoResponse>(
                  kEcho, echo::EchoRequest(),
                  {.deadline = Deadline::After(5s), .bearer = token_, .repeat = Repeat::kSafe})
              .status()
              .IgnoreError();
        }
      });
    }
    callers.clear();
    RecordProperty("calls", kCalls);
    RecordProperty("asked", asked.load());
    return static_cast<double>(asked) / kCalls;
  }

  EchoServer server_;
  const std::string token_ = server_.Token();
  observe::Metrics metrics_{"caller"};
};

TEST_F(RetryStorm, FewFail) {
  const double amplification = AmplificationWith(5, Unavailable("DOWN", "down"));

  EXPECT_GT(amplification, 1.04);
  EXPECT_LE(amplification, kAmplificationMax);
}

TEST_F(RetryStorm, AQuarterFails) {
  const double amplification = AmplificationWith(25, Unavailable("DOWN", "down"));

  EXPECT_GT(amplification, 1.04);
  EXPECT_LE(amplification, kAmplificationMax);
}

TEST_F(RetryStorm, AllFail) {
  EXPECT_LE(AmplificationWith(100, Unavailable("DOWN", "down")), kAmplificationMax);
}

TEST_F(RetryStorm, RefusalsAreNotAskedAgain) {
  EXPECT_EQ(AmplificationWith(50, ResourceExhausted("FULL", "full", 10)), 1.0);
}

}  // namespace
}  // namespace lotura::rpc
