// Files as text.
#pragma once

#include <absl/status/statusor.h>

#include <filesystem>
#include <string>

namespace lotura::api {

// Larger files are refused: a file is held in memory.
inline constexpr std::size_t kFileSizeMax = 512UL * 1024 * 1024;

// All that can be read from a file or a pipe. NOT_FOUND FILE_UNREADABLE or INVALID_ARGUMENT
// FILE_TOO_LARGE.
absl::StatusOr<std::string> ReadTextFile(const std::filesystem::path& path,
                                         std::size_t size_max = kFileSizeMax);

}  // namespace lotura::api
