#include "libs/rpc/refusals.h"

#include "libs/base/errors.h"

namespace lotura::rpc {

absl::Status Stopping() { return Unavailable("STOPPING", "the server is stopping"); }

absl::Status UnknownMethod() {
  return Error(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN", "the method is not served here");
}

absl::Status NoOperator() {
  return Error(absl::StatusCode::kPermissionDenied, "OPERATOR_ONLY",
               "the installation has no operator tenant", {{"setting", "operator-tenant"}});
}

}  // namespace lotura::rpc
