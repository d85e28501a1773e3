// Files that an operator gives: settings, lists, keys.
#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace lotura {

// All of it. UNAVAILABLE FILE_UNREADABLE with the path for one that is not there, cannot be read,
// or has more than a mebibyte.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace lotura
