#include "libs/rpc/shutdown_signal.h"

#include <pthread.h>
#include <unistd.h>

#include "libs/base/check.h"

namespace lotura::rpc {

ShutdownSignal::ShutdownSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  LOTURA_CHECK(pthread_sigmask(SIG_BLOCK, &signals_, nullptr) == 0);
  LOTURA_CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

int ShutdownSignal::Wait() {
  int signal = 0;
  LOTURA_CHECK(sigwait(&signals_, &signal) == 0);
  return signal;
}

ExitGuard::ExitGuard(std::chrono::milliseconds bound)
    : thread_([this, bound] {
        std::unique_lock lock(mutex_);
        if (wake_.wait_for(lock, bound, [this] { return ended_; })) return;
        _exit(safe_.load() ? 0 : 1);
      }) {}

ExitGuard::~ExitGuard() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_one();
}

}  // namespace lotura::rpc
