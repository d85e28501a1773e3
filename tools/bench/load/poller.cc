#include "tools/bench/load/poller.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>

#include "libs/base/check.h"

namespace lotura::bench {
namespace {

// Linux by itself wakes a thread up to 50 us late, which would be seen in every latency.
constexpr unsigned long kTimerSlackNs = 1'000;

}  // namespace

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  LOTURA_CHECK(epoll_.valid());
  prctl(PR_SET_TIMERSLACK, kTimerSlackNs, 0, 0, 0);
}

void Poller::Watch(int socket, std::uint32_t events, void* owner) {
  Control(EPOLL_CTL_ADD, socket, events, owner);
}

void Poller::Change(int socket, std::uint32_t events, void* owner) {
  Control(EPOLL_CTL_MOD, socket, events, owner);
}

void Poller::Control(int operation, int socket, std::uint32_t events, void* owner) {
  epoll_event event{.events = events, .data = {.ptr = owner}};
  LOTURA_CHECK(epoll_ctl(epoll_.number(), operation, socket, &event) == 0);
}

std::span<const epoll_event> Poller::Wait(Clock::time_point until) {
  using std::chrono::nanoseconds;
  using std::chrono::seconds;
  const nanoseconds left = std::max(nanoseconds(until - Clock::now()), nanoseconds(0));
  const auto whole = std::chrono::duration_cast<seconds>(left);
  const timespec timeout{.tv_sec = whole.count(), .tv_nsec = (left - whole).count()};
  const int ready = epoll_pwait2(epoll_.number(), events_.data(), static_cast<int>(events_.size()),
                                 &timeout, nullptr);
  LOTURA_CHECK(ready >= 0 || errno == EINTR);
  return {events_.data(), static_cast<std::size_t>(std::max(ready, 0))};
}

}  // namespace lotura::bench
