#include "libs/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

namespace lotura {
namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr unsigned kLoopbackNet = 127;

}  // namespace

bool IsUnixSocket(std::string_view address) { return address.starts_with(kUnixScheme); }

std::string_view HostOf(std::string_view address) {
  if (IsUnixSocket(address)) return {};
  const std::string_view host = address.substr(0, address.rfind(':'));
  const bool bracketed = host.size() >= 2 && host.starts_with('[') && host.ends_with(']');
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

bool IsNumericHost(std::string_view host) {
  const std::string text(host);
  in6_addr number{};
  return inet_pton(AF_INET, text.c_str(), &number) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &number) == 1;
}

bool IsLoopbackHost(std::string_view host) {
  const std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == kLoopbackNet;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  return host == "localhost";
}

bool StaysOnMachine(std::string_view address) {
  return IsUnixSocket(address) || IsLoopbackHost(HostOf(address));
}

}  // namespace lotura
