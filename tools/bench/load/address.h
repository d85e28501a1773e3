// Where a server listens.
#pragma once

#include <absl/status/statusor.h>
#include <sys/socket.h>

#include <string>
#include <vector>

namespace lotura::bench {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

struct Target {
  // At least one; tried in turn until one of them takes the connection.
  std::vector<Address> addresses;
  // What calls name as their server.
  std::string authority;
};

// Of "host:port", "[::1]:port" or "unix:/path". INVALID_ARGUMENT if `text` has none of these forms
// or its host is not known.
absl::StatusOr<Target> Resolve(const std::string& text);

}  // namespace lotura::bench
