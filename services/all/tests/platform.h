// All services as the binary that users run, on a PostgreSQL, a Kafka and a Redis of the test's
// own, called over gRPC.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/rpc/client.h"
#include "libs/rpc/token_issuer.h"
#include "libs/testing/eventually.h"
#include "libs/testing/kafka.h"
#include "libs/testing/postgres.h"
#include "libs/testing/process.h"
#include "libs/testing/redis.h"
#include "libs/testing/status_matchers.h"

namespace lotura {

class PlatformTest : public ::testing::Test {
 protected:
  static constexpr std::chrono::seconds kStartBound{60};
  // From a write to what other services make of its event. A consumer that was killed keeps its
  // partitions until its session with the broker ends, seconds later.
  static constexpr std::chrono::seconds kEventBound{90};

  PlatformTest() {
    Write("jwks.json", issuer_.KeySetJson());
    Write("issuers.json", rpc::TokenIssuer::TrustJson(rules_, Path("jwks.json")));
    Write("page-keys", "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    const std::string postgres = "--postgres=" + conninfo_;
    EXPECT_EQ(testing::RunCommand(Clean({LOTURA_MIGRATE, postgres}), Path("migrate.log")), 0);
    Start();
  }

  // Returns when it answers calls.
  void Start() {
    process_ = std::make_unique<testing::ChildProcess>(
        Clean({LOTURA_ALL, "--postgres=" + conninfo_,
               "--kafka-brokers=" + testing::Kafka().address(), "--redis=" + redis_.address(),
               "--grpc-listen=unix:" + Path("grpc.sock"), "--http-listen=127.0.0.1:0",
               "--token-issuers=" + Path("issuers.json"), "--page-token-keys=" + Path("page-keys"),
               "--environment=development", "--topic-replicas=1", "--topic-replicas-in-sync=1",
               "--drain-announce-ms=0"}),
        Path("lotura-all.log"), SIGKILL, testing::RunAs::kCaller);
    client_ = std::make_unique<rpc::Client>(
        rpc::ClientOptions{.target = "unix:" + Path("grpc.sock"), .neighbor = "all"}, metrics_);
  }

  void Kill() {
    process_->Signal(SIGKILL);
    process_->Wait();
  }

  // Ends the process as an operator would; returns its exit code.
  int Stop() {
    process_->Signal(SIGTERM);
    const int status = process_->Wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // Calls until the answer is no longer one that says "not yet": the process starts, or an event is
  // on its way.
  template <typename Answer, typename Request>
  Answer Call(const std::string& method, const Request& request) {
    absl::StatusOr<std::unique_ptr<Answer>> answer = Internal("not called");
    const auto settled = [&] {
      answer = CallOnce<Answer>(method, request);
      return !absl::IsUnavailable(answer.status()) &&
             ReasonOf(answer.status()) != "REFERENCE_NOT_FOUND";
    };
    testing::Eventually(settled, kStartBound);
    EXPECT_THAT(answer, testing::IsOk()) << method;
    return answer.ok() ? **answer : Answer();
  }

  template <typename Answer, typename Request>
  absl::StatusOr<std::unique_ptr<Answer>> CallOnce(const std::string& method,
                                                   const Request& request) {
    return client_->Call<Answer>(
        "lotura." + method, request,
        {.deadline = Deadline::After(std::chrono::seconds(10)), .bearer = token_});
  }

 private:
  // Without the settings of services that the test's own environment may hold.
  static std::vector<std::string> Clean(std::vector<std::string> command) {
    command.insert(command.begin(), {"/usr/bin/env", "-i", "PATH=/usr/bin:/bin"});
    return command;
  }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }

  [[nodiscard]] std::string Token() const {
    Principal principal{.name = "users/importer", .permissions = {"*"}, .grounds = Grounds::kToken};
    principal.tenant.value.bytes[15] = 1;
    return issuer_.Mint(principal, rules_, SystemClock().Now() + std::chrono::hours(1));
  }

  const testing::TempDir directory_;
  const std::string conninfo_ = testing::Postgres().NewDatabase();
  testing::RedisServer redis_;
  const rpc::TokenRules rules_{.issuer = "https://issuer.test", .audience = "lotura"};
  const rpc::TokenIssuer issuer_{rpc::Algorithm::kEs256, "key-1"};
  const std::string token_ = Token();
  const observe::Metrics metrics_{"test"};
  std::unique_ptr<testing::ChildProcess> process_;
  std::unique_ptr<rpc::Client> client_;
};

}  // namespace lotura
