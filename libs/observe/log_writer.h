// The thread that takes log lines to their descriptor.
#pragma once

#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "libs/base/clock.h"
#include "libs/observe/log.h"

namespace lotura::observe::internal {

// Holds at most 1 MiB of lines that were not written yet. Thread-safe.
class LogWriter {
 public:
  LogWriter(int descriptor, const Metrics& metrics);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // `line` ends in a line feed.
  void Append(Level level, std::string_view line);
  void Flush();

 private:
  void Run();
  void WriteOut(std::string_view text);
  [[nodiscard]] bool GivingUp();

  const int descriptor_;
  std::array<Counter, 4> lines_;
  const Counter dropped_;

  std::mutex mutex_;  // guards the members below, up to the thread
  std::condition_variable wake_;
  std::condition_variable written_;
  std::string pending_;
  bool writing_ = false;
  bool stopping_ = false;
  Deadline give_up_at_ = Deadline(Deadline::Point::max());

  std::jthread thread_;
};

}  // namespace lotura::observe::internal
