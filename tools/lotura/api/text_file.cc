#include "tools/lotura/api/text_file.h"

#include <fmt/format.h>

#include <fstream>

#include "libs/base/errors.h"

namespace lotura::api {

absl::StatusOr<std::string> ReadTextFile(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    return Error(absl::StatusCode::kNotFound, "FILE_UNREADABLE",
                 fmt::format("{} cannot be read", path.string()), {{"file", path.string()}});
  }
  if (size > kFileSizeMax) {
    return Error(absl::StatusCode::kInvalidArgument, "FILE_TOO_LARGE",
                 fmt::format("{} has more than {} bytes; split it", path.string(), kFileSizeMax),
                 {{"file", path.string()}});
  }
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace lotura::api
