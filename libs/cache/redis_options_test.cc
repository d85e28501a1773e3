#include "libs/cache/redis_options.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::cache {
namespace {

using testing::HasViolation;
using testing::IsOk;

TEST(RedisOptionsTest, PlainTcpBeyondLoopbackMustBeAllowed) {
  for (const char* address : {"redis.internal:6379", "10.0.0.7:6379", "[2001:db8::1]:6379"}) {
    EXPECT_THAT(RedisOptions{.address = address}.Validate(),
                HasViolation("redis.address", "REDIS_ADDRESS"));
    EXPECT_THAT((RedisOptions{.address = address, .plain_tcp = PlainTcp::kAllowed}.Validate()),
                IsOk());
  }
}

TEST(RedisOptionsTest, SocketsAndLoopbackNeedNoPermission) {
  for (const char* address :
       {"unix:/run/redis.sock", "127.0.0.1:6379", "127.1.2.3:1", "[::1]:6379", "localhost:6379"}) {
    EXPECT_THAT(RedisOptions{.address = address}.Validate(), IsOk()) << address;
  }
}

TEST(RedisOptionsTest, AddressesThatCannotBeAreRefused) {
  const std::string long_path = "unix:/" + std::string(107, 'x');
  for (const std::string& address :
       {std::string(), std::string("unix:"), std::string("unix:redis.sock"), long_path,
        std::string("localhost"), std::string("localhost:"), std::string("localhost:0"),
        std::string("localhost:65536"), std::string("localhost:6379x"), std::string(":6379"),
        std::string("::1:6379")}) {
    EXPECT_THAT((RedisOptions{.address = address, .plain_tcp = PlainTcp::kAllowed}.Validate()),
                HasViolation("redis.address", "REDIS_ADDRESS"))
        << address;
  }
}

TEST(RedisOptionsTest, EveryOptionOutOfItsBoundsIsNamed) {
  const RedisOptions options{.address = "unix:/redis.sock",
                             .user = "lotura",
                             .connections = 0,
                             .call_timeout = std::chrono::milliseconds(0),
                             .probe_interval = std::chrono::seconds(3)};

  const absl::Status status = options.Validate();

  EXPECT_THAT(status, HasViolation("redis.connections", "OUT_OF_RANGE"));
  EXPECT_THAT(status, HasViolation("redis.call_timeout_ms", "OUT_OF_RANGE"));
  EXPECT_THAT(status, HasViolation("redis.probe_interval_ms", "OUT_OF_RANGE"));
  EXPECT_THAT(status, HasViolation("redis.user", "PASSWORD_MISSING"));
}

}  // namespace
}  // namespace lotura::cache
