// Waiting for sockets and for times.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "tools/bench/load/call.h"
#include "tools/bench/load/descriptor.h"

namespace lotura::bench {

// One epoll of the thread that makes it, which from then on wakes as near to its times as the
// kernel can. Not thread-safe.
class Poller {
 public:
  Poller();

  // Reports `events` of the socket, together with `owner`, until the socket is closed.
  void Watch(int socket, std::uint32_t events, void* owner);
  void Change(int socket, std::uint32_t events, void* owner);
  // Returns with at least one event, or when it is `until`; the result is good until the next call.
  std::span<const epoll_event> Wait(Clock::time_point until);

 private:
  void Control(int operation, int socket, std::uint32_t events, void* owner);

  Descriptor epoll_;
  std::array<epoll_event, 64> events_{};
};

}  // namespace lotura::bench
