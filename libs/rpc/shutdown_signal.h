// How a process is asked to stop, and how it makes sure that it does.
#pragma once

#include <csignal>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace lotura::rpc {

// Blocks SIGINT and SIGTERM in the thread that makes it and all threads started afterwards: make it
// first in main(). SIGPIPE is ignored from then on.
class ShutdownSignal {
 public:
  ShutdownSignal();
  // Returns the signal that came.
  int Wait();

 private:
  sigset_t signals_{};
};

// Ends the process when it has not ended by itself in time: a handler that never returns keeps its
// thread, and gRPC 1.51 can hang while it shuts down. Destroying the guard calls it off.
class ExitGuard {
 public:
  explicit ExitGuard(std::chrono::milliseconds bound);
  ~ExitGuard();
  ExitGuard(const ExitGuard&) = delete;
  ExitGuard& operator=(const ExitGuard&) = delete;

  // Every call was answered and all state is safe: a late end is a clean one. Until then the exit
  // code is 1.
  void MarkSafe() { safe_.store(true); }

 private:
  std::atomic<bool> safe_ = false;
  std::mutex mutex_;  // guards ended_
  std::condition_variable wake_;
  bool ended_ = false;
  std::jthread thread_;
};

}  // namespace lotura::rpc
