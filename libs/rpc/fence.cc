#include "libs/rpc/fence.h"

#include <fmt/format.h>

#include <array>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"

namespace lotura::rpc {

absl::Status Escaped(const observe::Log& log, const Call& call, std::string_view what) {
  std::array<std::uint8_t, 8> bytes{};
  RandomBytes(bytes);
  const std::string id = ToHex(bytes);
  using observe::Fields;
  log.Error("an exception escaped from a handler",
            {Fields::kErrorId(id), Fields::kMethod(call.method),
             Fields::kError(observe::Redacted(what)), Fields::kTraceId(call.trace.TraceIdHex())});
  return Error(absl::StatusCode::kInternal, "INTERNAL", fmt::format("internal error ({})", id),
               {{"error_id", id}});
}

}  // namespace lotura::rpc
