// A second way to a test's Redis, beside the cache under test.
#pragma once

#include <gtest/gtest.h>

#include "libs/base/check.h"
#include "libs/cache/redis_connection.h"
#include "libs/testing/redis.h"

namespace lotura::testing {

class RedisCommands {
 public:
  explicit RedisCommands(const RedisServer& server) {
    const auto endpoint =
        cache::RedisEndpoint::Parse(server.address(), cache::PlainTcp::kLoopbackOnly);
    LOTURA_CHECK(endpoint.ok());
    connection_ = cache::RedisConnection::Connect(*endpoint->Resolve(), Bound());
    LOTURA_CHECK(connection_ != nullptr);
  }

  cache::Reply Run(const cache::Command& command) {
    const auto replies = connection_->Run({&command, 1}, Bound());
    LOTURA_CHECK(replies.has_value());
    EXPECT_NE(replies->front().kind, cache::Reply::Kind::kError) << replies->front().text;
    return replies->front();
  }

 private:
  static Deadline Bound() { return Deadline::After(std::chrono::seconds(10)); }

  std::unique_ptr<cache::RedisConnection> connection_;
};

}  // namespace lotura::testing
