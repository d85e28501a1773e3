#include "libs/rpc/runtime.h"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>

namespace lotura::rpc {

void ConfigureRuntime() {
  // It would quote what clients send on the standard error output.
  google::protobuf::SetLogHandler(nullptr);
  // Debian builds Abseil with its search for deadlocks, which follows each lock that gRPC takes: a
  // twentieth of the server's time for a call. What gRPC locks is not ours to prove.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace lotura::rpc
