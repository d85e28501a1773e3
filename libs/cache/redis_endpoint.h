// Where a Redis server listens.
#pragma once

#include <absl/status/statusor.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>

namespace lotura::cache {

// An address that connect(2) takes.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

enum class PlainTcp {
  kLoopbackOnly,
  kAllowed,  // what is cached and the password cross the network in the clear
};

// "unix:/run/redis.sock", "127.0.0.1:6379", "[::1]:6379" or "redis.internal:6379".
class RedisEndpoint {
 public:
  // INVALID_ARGUMENT for an address that cannot be one, or that `plain_tcp` does not allow.
  static absl::StatusOr<RedisEndpoint> Parse(std::string_view address, PlainTcp plain_tcp);

  // A path or a number, which takes no time to resolve.
  [[nodiscard]] bool IsNumeric() const;
  // Asks the name service where the host is a name, which may take long: never on the path of a
  // call. UNAVAILABLE if the name is not known.
  [[nodiscard]] absl::StatusOr<SocketAddress> Resolve() const;

 private:
  std::string path_;
  std::string host_;
  std::string port_;
};

}  // namespace lotura::cache
