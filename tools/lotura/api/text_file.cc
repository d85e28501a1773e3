#include "tools/lotura/api/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "libs/base/errors.h"

namespace lotura::api {

absl::StatusOr<std::string> ReadTextFile(const std::filesystem::path& path, std::size_t size_max) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 64UL * 1024> part{};
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  // A pipe has no size that could be asked for.
  if (!error) text.reserve(std::min<std::size_t>(size, size_max));
  while (file && text.size() <= size_max) {
    file.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (text.size() > size_max) {
    return Error(absl::StatusCode::kInvalidArgument, "FILE_TOO_LARGE",
                 fmt::format("{} has more than {} bytes; split it", path.string(), size_max),
                 {{"file", path.string()}});
  }
  if (file.eof() && !file.bad()) return text;
  return Error(absl::StatusCode::kNotFound, "FILE_UNREADABLE",
               fmt::format("{} cannot be read", path.string()), {{"file", path.string()}});
}

}  // namespace lotura::api
