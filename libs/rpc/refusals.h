// Answers to calls that no handler gets.
#pragma once

#include <absl/status/status.h>

namespace lotura::rpc {

// UNAVAILABLE STOPPING: the call was not accepted any more.
absl::Status Stopping();
// UNIMPLEMENTED METHOD_UNKNOWN.
absl::Status UnknownMethod();
// PERMISSION_DENIED OPERATOR_ONLY where no tenant is the operator's.
absl::Status NoOperator();

}  // namespace lotura::rpc
