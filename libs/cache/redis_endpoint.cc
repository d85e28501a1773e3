#include "libs/cache/redis_endpoint.h"

#include <fmt/format.h>
#include <netdb.h>

#include <charconv>
#include <cstring>

#include "libs/base/address.h"
#include "libs/base/errors.h"

namespace lotura::cache {
namespace {

constexpr std::string_view kUnixScheme = "unix:";

absl::Status Wrong(std::string_view address, std::string_view why) {
  return InvalidArgument("redis.address", "REDIS_ADDRESS",
                         fmt::format("'{}' is no address of a Redis server: {}", address, why));
}

bool IsPort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

SocketAddress UnixAddress(const std::string& path) {
  SocketAddress address;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.c_str(), path.size());
  std::memcpy(&address.storage, &name, sizeof(name));
  address.size = sizeof(name);
  return address;
}

}  // namespace

absl::StatusOr<RedisEndpoint> RedisEndpoint::Parse(std::string_view address, PlainTcp plain_tcp) {
  RedisEndpoint endpoint;
  if (address.starts_with(kUnixScheme)) {
    endpoint.path_ = address.substr(kUnixScheme.size());
    if (!endpoint.path_.starts_with('/')) return Wrong(address, "the path is not absolute");
    if (endpoint.path_.size() >= sizeof(sockaddr_un::sun_path)) {
      return Wrong(address, "the path of a socket has at most 107 bytes");
    }
    return endpoint;
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || !IsPort(address.substr(colon + 1))) {
    return Wrong(address, "'unix:<path>' or '<host>:<port>' is expected");
  }
  std::string_view host = address.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find(':') != std::string_view::npos)) {
    return Wrong(address, "the host is missing, or is an IPv6 address without brackets");
  }
  endpoint.host_ = host == "localhost" ? "127.0.0.1" : host;
  endpoint.port_ = address.substr(colon + 1);
  if (plain_tcp == PlainTcp::kLoopbackOnly && !IsLoopbackHost(endpoint.host_)) {
    return Wrong(address,
                 "the connection is not encrypted and leaves this machine; use a unix socket or "
                 "a sidecar, or allow plain TCP in the configuration");
  }
  return endpoint;
}

bool RedisEndpoint::IsNumeric() const { return !path_.empty() || IsNumericHost(host_); }

absl::StatusOr<SocketAddress> RedisEndpoint::Resolve() const {
  if (!path_.empty()) return UnixAddress(path_);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host_.c_str(), port_.c_str(), &wanted, &found);
  if (error != 0 || found == nullptr) {
    return Unavailable("REDIS_UNRESOLVED",
                       fmt::format("host '{}': {}", host_, gai_strerror(error)));
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

}  // namespace lotura::cache
