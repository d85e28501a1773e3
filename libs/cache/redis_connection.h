// One connection to Redis: hiredis formats commands and parses replies, the socket is driven here,
// so that a deadline holds for a whole round trip however slowly the bytes come.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/cache/redis_endpoint.h"

struct redisReader;

namespace lotura::cache {

struct Reply {
  enum class Kind { kNil, kText, kNumber, kError, kList };

  Kind kind = Kind::kNil;
  // Of a text or an error.
  std::string text;
  std::int64_t number = 0;
  std::vector<Reply> list;
};

// A command and its arguments.
using Command = std::vector<std::string>;

// Not thread-safe. After the first error of the connection it is useless: late replies would answer
// later commands.
class RedisConnection {
 public:
  // Nothing if no connection stands at the deadline.
  static std::unique_ptr<RedisConnection> Connect(const SocketAddress& address, Deadline deadline);

  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection();

  // Sends all commands at once and reads one reply for each. Nothing if that fails or takes beyond
  // the deadline.
  std::optional<std::vector<Reply>> Run(std::span<const Command> commands, Deadline deadline);

 private:
  struct ReaderDeleter {
    void operator()(redisReader* reader) const;
  };

  explicit RedisConnection(int fd);
  enum class Progress { kDone, kWait, kFailed };
  Progress Send(std::string_view& unsent);
  Progress Receive();
  Progress Parse(std::vector<Reply>& replies, std::size_t wanted);

  const int fd_;
  std::unique_ptr<redisReader, ReaderDeleter> reader_;
};

}  // namespace lotura::cache
