#include "libs/audit/object_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "libs/audit/s3_store.h"
#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/base/hex.h"
#include "libs/rpc/key_source.h"

namespace lotura::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kS3 = "s3://";
// What is written to a directory before the deadline is looked at again.
constexpr std::size_t kChunkBytes = 1 << 20;

absl::Status Wrong(std::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, "ARCHIVE_PLACE",
               fmt::format("the archive cannot be there: {}", why));
}

absl::Status Unwritable(const fs::path& path) {
  return Error(absl::StatusCode::kUnavailable, "ARCHIVE_UNWRITABLE",
               fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
}

absl::Status TooLate(const fs::path& path) {
  return Error(absl::StatusCode::kUnavailable, "ARCHIVE_UNWRITABLE",
               fmt::format("{} takes too long to be written", path.string()));
}

class File {
 public:
  File(const fs::path& path, int flags)
      : descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0640)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] bool Write(std::string_view content) const {
    while (!content.empty()) {
      const ssize_t written = write(descriptor_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  [[nodiscard]] bool Sync() const { return fsync(descriptor_) == 0; }

 private:
  const int descriptor_;
};

bool SyncDirectory(const fs::path& path) {
  const File directory(path, O_RDONLY | O_DIRECTORY);
  return directory.is_open() && directory.Sync();
}

// A name that no other writer of the object has, be he late by hours.
fs::path IncomingOf(const fs::path& path) {
  std::array<std::uint8_t, 8> number{};
  RandomBytes(number);
  return fmt::format("{}.{}.incoming", path.string(), ToHex(number));
}

// The new content is on disk under another name before it takes the name.
class DirectoryStore final : public ObjectStore {
 public:
  explicit DirectoryStore(fs::path root) : root_(std::move(root)) {}

  absl::Status Put(const std::string& name, std::string_view content, Deadline deadline) override {
    const fs::path path = root_ / name;
    if (!MakeDirectories(path.parent_path())) return Unwritable(path.parent_path());
    const fs::path incoming = IncomingOf(path);
    absl::Status placed = Write(incoming, content, deadline);
    if (placed.ok() && rename(incoming.c_str(), path.c_str()) != 0) placed = Unwritable(path);
    if (!placed.ok()) {
      unlink(incoming.c_str());
      return placed;
    }
    if (!SyncDirectory(path.parent_path())) return Unwritable(path.parent_path());
    // It is there, and whoever wanted it counts on it no more: he writes it again.
    return deadline.Passed() ? TooLate(path) : absl::OkStatus();
  }

 private:
  static absl::Status Write(const fs::path& path, std::string_view content, Deadline deadline) {
    const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) return Unwritable(path);
    while (!content.empty()) {
      if (deadline.Passed()) return TooLate(path);
      const std::string_view chunk = content.substr(0, kChunkBytes);
      if (!file.Write(chunk)) return Unwritable(path);
      content.remove_prefix(chunk.size());
    }
    if (!file.Sync()) return Unwritable(path);
    return deadline.Passed() ? TooLate(path) : absl::OkStatus();
  }

  // Each new one is kept by the one above it.
  [[nodiscard]] bool MakeDirectories(const fs::path& path) const {
    std::error_code error;
    if (path == root_ || fs::is_directory(path, error)) return true;
    if (!MakeDirectories(path.parent_path())) return false;
    fs::create_directory(path, error);
    return !error && SyncDirectory(path.parent_path());
  }

  const fs::path root_;
};

absl::StatusOr<std::unique_ptr<ObjectStore>> OpenBucket(const StoreOptions& options) {
  const std::string rest = options.place.substr(kS3.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string bucket = rest.substr(0, slash);
  std::string prefix = slash == rest.size() ? "" : rest.substr(slash + 1);
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  if (bucket.empty()) return Wrong("s3:// is followed by no bucket");
  if (options.region.empty() || options.key_id.empty() || options.secret.empty())
    return Wrong("a bucket needs a region, a key id and a secret");
  const bool is_safe = rpc::IsUrl(options.endpoint) && rpc::IsSafeUrl(options.endpoint);
  if (!is_safe) return Wrong("its endpoint is neither https nor on this machine");
  return std::make_unique<S3Store>(options, std::move(bucket), std::move(prefix));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ObjectStore>> OpenStore(const StoreOptions& options) {
  if (options.place.starts_with(kS3)) return OpenBucket(options);
  const fs::path root(options.place);
  std::error_code error;
  if (!root.is_absolute() || !fs::is_directory(root, error))
    return Wrong(fmt::format("{} is no directory with its whole path", options.place));
  if (access(root.c_str(), W_OK | X_OK) != 0)
    return Wrong(fmt::format("{} may not be written to", options.place));
  return std::make_unique<DirectoryStore>(root);
}

}  // namespace lotura::audit
