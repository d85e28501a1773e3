// Errors on the wire: google.rpc.Status in the trailer grpc-status-details-bin, with exactly one
// ErrorInfo.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace lotura::rpc {

struct WireStatus {
  int code = 0;
  std::string message;
  // google.rpc.Status in its binary form; empty for OK.
  std::string details;
};

// `domain` ("lotura.sales") is given to an ErrorInfo that has none; the error of a neighbor keeps
// its own. Trailers are limited in size, so violations are left out from the end until the details
// fit 4 KiB, and texts are cut at 1 KiB.
WireStatus ToWire(const absl::Status& status, std::string_view domain);

// The way back: reason, violations and all other details are those that the server attached. A
// status without details, which gRPC itself made, gets the reason that the code stands for.
absl::Status FromWire(const WireStatus& wire);

}  // namespace lotura::rpc
