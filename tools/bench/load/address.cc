#include "tools/bench/load/address.h"

#include <netdb.h>
#include <sys/un.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "libs/base/errors.h"

namespace lotura::bench {
namespace {

constexpr std::string_view kUnix = "unix:";

absl::Status Refused(const char* why) { return InvalidArgument("target", "OUT_OF_RANGE", why); }

absl::StatusOr<Address> UnixAddress(std::string_view path) {
  sockaddr_un socket{};
  socket.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof socket.sun_path)
    return Refused("is no path of a unix socket");
  path.copy(socket.sun_path, path.size());
  Address address;
  address.size = sizeof socket;
  std::memcpy(&address.bytes, &socket, sizeof socket);
  return address;
}

std::string WithoutBrackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

absl::StatusOr<std::vector<Address>> AddressesOf(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return Refused("is not known");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Address& address = addresses.emplace_back();
    address.size = each->ai_addrlen;
    std::memcpy(&address.bytes, each->ai_addr, each->ai_addrlen);
  }
  return addresses;
}

}  // namespace

absl::StatusOr<Target> Resolve(const std::string& text) {
  if (text.starts_with(kUnix)) {
    LOTURA_ASSIGN_OR_RETURN(Address address,
                            UnixAddress(std::string_view(text).substr(kUnix.size())));
    return Target{.addresses = {address}, .authority = "localhost"};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return Refused("must be host:port or unix:/path");
  LOTURA_ASSIGN_OR_RETURN(
      std::vector<Address> addresses,
      AddressesOf(WithoutBrackets(text.substr(0, colon)), text.substr(colon + 1)));
  return Target{.addresses = std::move(addresses), .authority = text};
}

}  // namespace lotura::bench
