#include "libs/base/limits.h"

#include <fmt/format.h>

#include "libs/base/errors.h"

namespace lotura {

absl::Status ResponseTooLarge(std::size_t bytes_max) {
  return Error(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE",
               fmt::format("the response is larger than {} bytes; ask for less at once", bytes_max),
               {{"bytes_max", std::to_string(bytes_max)}});
}

}  // namespace lotura
