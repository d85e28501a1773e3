// Addresses of servers, "host:port", "[::1]:port" or "unix:/path", and how far they reach.
#pragma once

#include <string_view>

namespace lotura {

bool IsUnixSocket(std::string_view address);

// "127.0.0.1" of "127.0.0.1:80", "::1" of "[::1]:80"; empty for a unix socket.
std::string_view HostOf(std::string_view address);

// Whether it is written in digits, and so stands for one address.
bool IsNumericHost(std::string_view host);

// 127.0.0.0/8, ::1 and "localhost".
bool IsLoopbackHost(std::string_view host);

// Whether nobody but this machine is on the way there: a unix socket or a loopback address.
bool StaysOnMachine(std::string_view address);

}  // namespace lotura
