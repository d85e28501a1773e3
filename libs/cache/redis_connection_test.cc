#include "libs/cache/redis_connection.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>

#include "libs/base/check.h"
#include "libs/testing/process.h"

namespace lotura::cache {
namespace {

using std::chrono::milliseconds;

// A server on a unix socket that answers whatever it is asked with the bytes it was given, one
// every five milliseconds.
class TricklingServer {
 public:
  explicit TricklingServer(std::string answer) : answer_(std::move(answer)) {
    LOTURA_CHECK(bind(listener_, reinterpret_cast<const sockaddr*>(&address().storage),
                      address().size) == 0);
    LOTURA_CHECK(listen(listener_, 1) == 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { Serve(stop); });
  }
  ~TricklingServer() {
    thread_.request_stop();
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  TricklingServer(const TricklingServer&) = delete;
  TricklingServer& operator=(const TricklingServer&) = delete;

  [[nodiscard]] const SocketAddress& address() const { return address_; }

 private:
  static constexpr int kPaceMs = 5;

  void Serve(const std::stop_token& stop) {
    const int peer = accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    for (std::size_t i = 0; i < answer_.size() && !stop.stop_requested(); ++i) {
      if (send(peer, &answer_[i], 1, MSG_NOSIGNAL) != 1) break;
      poll(nullptr, 0, kPaceMs);
    }
    close(peer);
  }

  testing::TempDir directory_;
  const std::string answer_;
  const SocketAddress address_ =
      *RedisEndpoint::Parse("unix:" + directory_.path() + "/socket", PlainTcp::kLoopbackOnly)
           ->Resolve();
  const int listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::jthread thread_;
};

const Command kPing[] = {{"PING"}};

TEST(RedisConnectionTest, RepliesThatTrickleArePutTogether) {
  const TricklingServer server("+PONG\r\n");
  const auto connection =
      RedisConnection::Connect(server.address(), Deadline::After(std::chrono::seconds(5)));
  ASSERT_NE(connection, nullptr);

  const auto replies = connection->Run(kPing, Deadline::After(std::chrono::seconds(5)));

  ASSERT_TRUE(replies.has_value());
  EXPECT_EQ(replies->front().text, "PONG");
}

TEST(RedisConnectionTest, AListIsReadWithWhatIsInIt) {
  const TricklingServer server("*3\r\n$1\r\na\r\n$-1\r\n:7\r\n");
  const auto connection =
      RedisConnection::Connect(server.address(), Deadline::After(std::chrono::seconds(5)));
  ASSERT_NE(connection, nullptr);

  const auto replies = connection->Run(kPing, Deadline::After(std::chrono::seconds(5)));

  ASSERT_TRUE(replies.has_value());
  const std::vector<Reply>& list = replies->front().list;
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].text, "a");
  EXPECT_EQ(list[1].kind, Reply::Kind::kNil);
  EXPECT_EQ(list[2].number, 7);
}

TEST(RedisConnectionTest, DeadlineHoldsHoweverSlowlyBytesCome) {
  const TricklingServer server("$10000\r\n" + std::string(10'000, 'x') + "\r\n");
  const auto connection =
      RedisConnection::Connect(server.address(), Deadline::After(std::chrono::seconds(5)));
  ASSERT_NE(connection, nullptr);
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_FALSE(connection->Run(kPing, Deadline::After(milliseconds(50))).has_value());

  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, milliseconds(50));
  EXPECT_LT(took, std::chrono::seconds(1));
}

TEST(RedisConnectionTest, DeadlineIsNotRoundedToWholeMilliseconds) {
  const TricklingServer server(std::string(10'000, 'x'));
  const auto connection =
      RedisConnection::Connect(server.address(), Deadline::After(std::chrono::seconds(5)));
  ASSERT_NE(connection, nullptr);
  auto shortest = std::chrono::steady_clock::duration::max();

  // Whoever wakes up late once says nothing.
  for (int i = 0; i < 50; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const Deadline deadline(begin + std::chrono::microseconds(100));
    EXPECT_FALSE(connection->Run(kPing, deadline).has_value());
    shortest = std::min(shortest, std::chrono::steady_clock::now() - begin);
  }

  EXPECT_LT(shortest, milliseconds(1));
}

TEST(RedisConnectionTest, NonsenseAndHalfRepliesAreFailures) {
  for (const char* answer : {"", "what?\r\n", "$100\r\nshort\r\n", "*2\r\n+a\r\n"}) {
    const TricklingServer server(answer);
    const auto connection =
        RedisConnection::Connect(server.address(), Deadline::After(std::chrono::seconds(5)));
    ASSERT_NE(connection, nullptr);
    EXPECT_FALSE(connection->Run(kPing, Deadline::After(std::chrono::seconds(5))).has_value())
        << answer;
  }
}

TEST(RedisConnectionTest, NobodyListensIsNoConnection) {
  const testing::TempDir directory;
  const auto endpoint =
      RedisEndpoint::Parse("unix:" + directory.path() + "/none", PlainTcp::kLoopbackOnly);

  EXPECT_EQ(RedisConnection::Connect(*endpoint->Resolve(), Deadline::After(milliseconds(50))),
            nullptr);
}

}  // namespace
}  // namespace lotura::cache
