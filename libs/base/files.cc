#include "libs/base/files.h"

#include <fmt/format.h>

#include <fstream>

#include "libs/base/errors.h"

namespace lotura {

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || !file.eof())
    return Unavailable(
        "FILE_UNREADABLE",
        fmt::format("{} cannot be read, or has more than {} bytes", path, bytes_max));
  text.resize(static_cast<std::size_t>(file.gcount()));
  text.shrink_to_fit();
  return text;
}

}  // namespace lotura
