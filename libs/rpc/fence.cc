#include "libs/rpc/fence.h"

#include <fmt/format.h>

#include "libs/base/errors.h"

namespace lotura::rpc {

absl::Status Escaped(const observe::Log& log, const Call& call, std::string_view what) {
  const std::string id = observe::NewErrorId();
  using observe::Fields;
  log.Error("an exception escaped from a handler",
            {Fields::kErrorId(id), Fields::kMethod(call.method),
             Fields::kError(observe::Redacted(what)), Fields::kTraceId(call.trace.TraceIdHex())});
  return Error(absl::StatusCode::kInternal, "INTERNAL", fmt::format("internal error ({})", id),
               {{"error_id", id}});
}

}  // namespace lotura::rpc
