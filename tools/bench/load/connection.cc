#include "tools/bench/load/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>

#include "libs/base/errors.h"

namespace lotura::bench {
namespace {

// Between two attempts to connect.
constexpr std::chrono::milliseconds kPause{100};
// For an attempt, up to the server's settings.
constexpr std::chrono::seconds kAttemptMax{5};
constexpr std::size_t kReadSize = 64 << 10;

}  // namespace

void Connection::Submit(Call& call) {
  call.connection = this;
  session_->Submit(call);
}

bool Connection::Tend(Clock::time_point now) {
  if (now < TendAt()) return false;
  if (session_.has_value()) Lose("the server does not answer");
  Open(now);
  return true;
}

Clock::time_point Connection::TendAt() const {
  if (attempts_ == 0) return Clock::time_point::min();
  if (!session_.has_value()) return IsDown() ? attempt_ + kPause : attempt_;
  return session_->ready() ? Clock::time_point::max() : attempt_ + kAttemptMax;
}

void Connection::Open(Clock::time_point now) {
  attempt_ = now;
  session_.emplace(parts_.headers, parts_.ended);
  if (!Connect(parts_.addresses[attempts_++ % parts_.addresses.size()]))
    Lose("the server cannot be reached");
}

bool Connection::Connect(const Address& address) {
  const auto* bytes = reinterpret_cast<const sockaddr*>(&address.bytes);
  socket_ = Descriptor(socket(bytes->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return false;
  if (bytes->sa_family != AF_UNIX) {
    const int yes = 1;
    setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  if (connect(socket_.number(), bytes, address.size) != 0 && errno != EINPROGRESS) return false;
  parts_.poller.Watch(socket_.number(), EPOLLIN | EPOLLOUT, this);
  blocked_ = true;
  return true;
}

void Connection::Handle(std::uint32_t events) {
  if (!session_.has_value()) return;
  if (blocked_ && (events & ~std::uint32_t{EPOLLIN}) != 0) {
    blocked_ = false;
    parts_.poller.Change(socket_.number(), EPOLLIN, this);
  }
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) Read();
}

void Connection::Read() {
  std::array<char, kReadSize> bytes;  // NOLINT(*-member-init): read into before it is read
  const ssize_t read = recv(socket_.number(), bytes.data(), bytes.size(), 0);
  if (read < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (read <= 0) {
    Lose("the connection was lost");
  } else if (!session_->Receive({bytes.data(), static_cast<std::size_t>(read)})) {
    Lose("the server does not speak HTTP/2");
  }
}

void Connection::Write() {
  while (session_.has_value() && !blocked_) {
    if (frames_.empty() && !session_->CollectTo(frames_)) return Lose("the session is broken");
    if (frames_.empty()) {
      if (session_->IsOver()) Lose("the server ended the connection");
      return;
    }
    SendFrames();
  }
}

void Connection::SendFrames() {
  const ssize_t sent =
      send(socket_.number(), frames_.data() + sent_, frames_.size() - sent_, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) {
    blocked_ = true;
    parts_.poller.Change(socket_.number(), EPOLLIN | EPOLLOUT, this);
  } else if (sent < 0) {
    Lose("the connection was lost");
  } else if ((sent_ += static_cast<std::size_t>(sent)) == frames_.size()) {
    frames_.clear();
    sent_ = 0;
  }
}

void Connection::Lose(const char* why) {
  session_->EndAll(Unavailable("UNAVAILABLE", why));
  session_.reset();
  socket_ = Descriptor();
  frames_.clear();
  sent_ = 0;
  blocked_ = false;
}

}  // namespace lotura::bench
