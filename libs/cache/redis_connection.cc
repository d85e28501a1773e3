#include "libs/cache/redis_connection.h"

#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

#include "libs/base/check.h"

namespace lotura::cache {
namespace {

// What a single read takes; more than a record usually has.
constexpr std::size_t kReadSize = 16'384;

// Waits until one of `events` can go on; false at the deadline.
bool WaitFor(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = deadline.at() - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) return false;
    // Not poll(), which counts whole milliseconds: rounded up it would end after the deadline.
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec span{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    pollfd waiting{fd, events, 0};
    const int ready = ppoll(&waiting, 1, &span, nullptr);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

bool FinishConnect(int fd, Deadline deadline) {
  if (!WaitFor(fd, POLLOUT, deadline)) return false;
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// hiredis bounds how deep lists lie within lists.
Reply ToReply(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return {.kind = Reply::Kind::kText, .text = {reply.str, reply.len}};
    case REDIS_REPLY_ERROR:
      return {.kind = Reply::Kind::kError, .text = {reply.str, reply.len}};
    case REDIS_REPLY_INTEGER:
      return {.kind = Reply::Kind::kNumber, .number = reply.integer};
    case REDIS_REPLY_ARRAY: {
      Reply list{.kind = Reply::Kind::kList};
      list.list.reserve(reply.elements);
      for (const redisReply* element : std::span(reply.element, reply.elements)) {
        list.list.push_back(ToReply(*element));
      }
      return list;
    }
    default:
      return {};
  }
}

void AppendCommand(std::string& out, const Command& command) {
  std::vector<const char*> parts;
  std::vector<std::size_t> sizes;
  parts.reserve(command.size());
  sizes.reserve(command.size());
  for (const std::string& part : command) {
    parts.push_back(part.data());
    sizes.push_back(part.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(parts.size()), parts.data(),
                                          sizes.data());
  LOTURA_CHECK(size > 0);
  out.append(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
}

}  // namespace

void RedisConnection::ReaderDeleter::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RedisConnection::RedisConnection(int fd) : fd_(fd), reader_(redisReaderCreate()) {
  LOTURA_CHECK(reader_ != nullptr);
}

RedisConnection::~RedisConnection() { close(fd_); }

std::unique_ptr<RedisConnection> RedisConnection::Connect(const SocketAddress& address,
                                                          Deadline deadline) {
  const int family = address.storage.ss_family;
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  std::unique_ptr<RedisConnection> connection(new RedisConnection(fd));
  if (family != AF_UNIX) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) {
    return connection;
  }
  if (errno != EINPROGRESS || !FinishConnect(fd, deadline)) return nullptr;
  return connection;
}

RedisConnection::Progress RedisConnection::Send(std::string_view& unsent) {
  while (!unsent.empty()) {
    // A peer that is gone must not end the process with SIGPIPE.
    const ssize_t sent = send(fd_, unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return WouldBlock() ? Progress::kWait : Progress::kFailed;
    unsent.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Progress::kDone;
}

RedisConnection::Progress RedisConnection::Receive() {
  std::array<char, kReadSize> buffer;
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
  if (size < 0) return WouldBlock() ? Progress::kWait : Progress::kFailed;
  if (size == 0) return Progress::kFailed;
  const int fed = redisReaderFeed(reader_.get(), buffer.data(), static_cast<std::size_t>(size));
  return fed == REDIS_OK ? Progress::kDone : Progress::kFailed;
}

RedisConnection::Progress RedisConnection::Parse(std::vector<Reply>& replies, std::size_t wanted) {
  while (replies.size() < wanted) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) return Progress::kFailed;
    if (raw == nullptr) return Progress::kWait;
    replies.push_back(ToReply(*static_cast<redisReply*>(raw)));
    freeReplyObject(raw);
  }
  return Progress::kDone;
}

std::optional<std::vector<Reply>> RedisConnection::Run(std::span<const Command> commands,
                                                       Deadline deadline) {
  std::string request;
  for (const Command& command : commands) AppendCommand(request, command);
  std::string_view unsent = request;
  std::vector<Reply> replies;
  replies.reserve(commands.size());
  while (replies.size() < commands.size()) {
    const Progress sending = Send(unsent);
    if (sending == Progress::kFailed) return std::nullopt;
    // Replies are read while commands are still being sent: neither side may wait for the other's
    // full buffer.
    const short events = static_cast<short>(unsent.empty() ? POLLIN : POLLIN | POLLOUT);
    if (!WaitFor(fd_, events, deadline)) return std::nullopt;
    if (Receive() == Progress::kFailed) return std::nullopt;
    if (Parse(replies, commands.size()) == Progress::kFailed) return std::nullopt;
  }
  return replies;
}

}  // namespace lotura::cache
