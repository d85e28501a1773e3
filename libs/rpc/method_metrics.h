// The metrics of one RPC, under the names that gRPC dashboards expect.
#pragma once

#include <absl/status/status.h>

#include <array>
#include <string>

#include "libs/observe/metrics.h"

namespace lotura::rpc {

// "NotFound": how Go's gRPC spells a code, and with it the dashboards.
const char* GoName(absl::StatusCode code);

struct MethodId {
  std::string type;  // "unary", "server_stream", "client_stream", "bidi_stream"
  std::string service;
  std::string method;
};

enum class Side { kServer, kClient };

// All series of one method, made with value 0, so that a rate exists from the first error on.
struct MethodMetrics {
  static constexpr std::size_t kCodes = 17;

  MethodMetrics(Side side, const MethodId& id, const observe::Metrics& metrics);

  void Handled(absl::StatusCode code, double seconds) const;

  observe::Counter started;
  observe::Counter received;
  observe::Counter sent;
  observe::Histogram handling;
  std::array<observe::Counter, kCodes> handled;
};

}  // namespace lotura::rpc
