// Bounds that several libraries keep together.
#pragma once

#include <absl/status/status.h>

#include <cstddef>

namespace lotura {

// A request or a response, in bytes on the wire: what clients of gRPC accept unless they are told
// otherwise.
inline constexpr std::size_t kMessageBytesMax = 4 << 20;

// RESOURCE_EXHAUSTED RESPONSE_TOO_LARGE.
absl::Status ResponseTooLarge(std::size_t bytes_max);

}  // namespace lotura
