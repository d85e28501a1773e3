#include "libs/observe/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace lotura::observe::internal {
namespace {

constexpr std::size_t kPendingMax = std::size_t{1} << 20;
// A pipe that poll() calls writable takes this many bytes without blocking.
constexpr std::size_t kChunk = 4096;
constexpr int kPollMs = 100;
constexpr std::chrono::seconds kFlushTime{1};

std::array<Counter, 4> LineCounters(const Metrics& metrics) {
  const CounterFamily family = metrics.AddCounters(
      {.name = "lotura_log_lines_total", .help = "Log lines by level.", .labels = {"level"}});
  return {family.With({NameOf(Level::kDebug)}), family.With({NameOf(Level::kInfo)}),
          family.With({NameOf(Level::kWarning)}), family.With({NameOf(Level::kError)})};
}

}  // namespace

LogWriter::LogWriter(int descriptor, const Metrics& metrics)
    : descriptor_(descriptor),
      lines_(LineCounters(metrics)),
      dropped_(metrics.AddCounter({.name = "lotura_log_dropped_lines_total",
                                   .help = "Log lines dropped because nobody read them."})),
      thread_([this] { Run(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    give_up_at_ = Deadline::After(kFlushTime);
  }
  wake_.notify_one();
}

void LogWriter::Append(Level level, std::string_view line) {
  lines_[static_cast<std::size_t>(level)].Add();
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > kPendingMax) {
      dropped_.Add();
      return;
    }
    first = pending_.empty();
    pending_ += line;
  }
  if (first) wake_.notify_one();
}

void LogWriter::Flush() {
  std::unique_lock lock(mutex_);
  written_.wait_for(lock, kFlushTime, [this] { return pending_.empty() && !writing_; });
}

void LogWriter::Run() {
  std::string text;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
    if (pending_.empty()) return;
    text.clear();
    text.swap(pending_);
    writing_ = true;
    lock.unlock();
    WriteOut(text);
    lock.lock();
    writing_ = false;
    written_.notify_all();
  }
}

void LogWriter::WriteOut(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, kPollMs) <= 0) {
      if (GivingUp()) return;
      continue;
    }
    const ssize_t size = write(descriptor_, text.data(), std::min(text.size(), kChunk));
    if (size > 0) {
      text.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno != EAGAIN && errno != EINTR) {
      return;  // the reader is gone, and there is no other place to say so
    }
  }
}

bool LogWriter::GivingUp() {
  const std::lock_guard lock(mutex_);
  return give_up_at_.Passed();
}

}  // namespace lotura::observe::internal
