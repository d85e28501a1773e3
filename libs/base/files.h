// Files that an operator gives: settings, lists, keys.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>

namespace lotura {

inline constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

// All of it. UNAVAILABLE FILE_UNREADABLE with the path for one that is not there, cannot be read,
// or has more bytes than that.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     std::size_t bytes_max = kFileBytesMax);

}  // namespace lotura
