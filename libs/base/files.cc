#include "libs/base/files.h"

#include <fmt/format.h>

#include <fstream>

#include "libs/base/errors.h"

namespace lotura {
namespace {

constexpr std::size_t kBytesMax = 1 << 20;

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || !file.eof())
    return Unavailable(
        "FILE_UNREADABLE",
        fmt::format("{} cannot be read, or has more than {} bytes", path, kBytesMax));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace lotura
