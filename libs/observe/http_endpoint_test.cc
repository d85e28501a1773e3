// The probes and the metrics over a real HTTP port.
#include "libs/observe/http_endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "libs/base/errors.h"

namespace lotura::observe {
namespace {

std::string Ask(int port, std::string_view method, std::string_view path) {
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: a\r\n\r\n", method, path);
    (void)!write(peer, request.data(), request.size());
    std::array<char, 4096> part{};
    for (ssize_t size = 0; (size = read(peer, part.data(), part.size())) > 0;) {
      answer.append(part.data(), static_cast<std::size_t>(size));
    }
  }
  close(peer);
  return answer;
}

class HttpEndpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = HttpEndpoint::Start({}, metrics_, readiness_);
    ASSERT_TRUE(started.ok()) << started.status();
    endpoint_ = std::move(started).value();
  }

  std::string Get(std::string_view path) const { return Ask(endpoint_->port(), "GET", path); }

  Metrics metrics_{"accounts"};
  Readiness readiness_;
  std::unique_ptr<HttpEndpoint> endpoint_;
};

TEST_F(HttpEndpointTest, ReadyzSaysWhatIsNotReady) {
  absl::Status database = Unavailable("DOWN", "no connection");
  readiness_.Require("schema", [] { return absl::OkStatus(); });
  readiness_.Require("postgres", [&] { return database; });

  const std::string before = Get("/readyz");
  database = absl::OkStatus();
  const std::string after = Get("/readyz");

  EXPECT_TRUE(before.starts_with("HTTP/1.1 503")) << before;
  EXPECT_TRUE(before.ends_with(
      "{\"ready\":false,\"not_ready\":[{\"name\":\"postgres\",\"reason\":\"no connection\"}]}\n"))
      << before;
  EXPECT_TRUE(after.starts_with("HTTP/1.1 200")) << after;
}

TEST_F(HttpEndpointTest, LivezDependsOnNothing) {
  readiness_.Require("postgres", [] { return Unavailable("DOWN", "no connection"); });

  EXPECT_TRUE(Get("/livez").starts_with("HTTP/1.1 200"));
}

TEST_F(HttpEndpointTest, UnknownPathsAndMethodsAreRefused) {
  EXPECT_TRUE(Get("/metricsandmore").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Get("/../../etc/passwd").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Ask(endpoint_->port(), "POST", "/metrics").starts_with("HTTP/1.1 405"));
}

TEST_F(HttpEndpointTest, ATakenPortIsAStatus) {
  const auto second = HttpEndpoint::Start(
      {.address = fmt::format("127.0.0.1:{}", endpoint_->port())}, metrics_, readiness_);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(ReasonOf(second.status()), "HTTP_PORT");
}

TEST_F(HttpEndpointTest, PromtoolFindsNothingToSay) {
  metrics_.AddCounters({.name = "lotura_things_total", .help = "Things.", .labels = {"kind"}});
  metrics_.AddHistogram({.name = "lotura_wait_seconds", .help = "Waits."}).Observe(1);
  const std::string answer = Get("/metrics");
  const std::string file = ::testing::TempDir() + fmt::format("metrics-{}", getpid());
  std::ofstream(file) << answer.substr(answer.find("\r\n\r\n") + 4);

  const std::string command = fmt::format("promtool check metrics < {} 2>&1", file);
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::array<char, 4096> output{};
  const std::size_t size = fread(output.data(), 1, output.size(), pipe);

  EXPECT_EQ(pclose(pipe), 0);
  EXPECT_EQ(std::string(output.data(), size), "");
  unlink(file.c_str());
}

}  // namespace
}  // namespace lotura::observe
