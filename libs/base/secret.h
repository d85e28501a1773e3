// Passwords and the like, as settings give them.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace lotura {

// The text itself, or a file that holds it and may be replaced while the process runs, as those of
// a mounted Secret are. Ask for it anew whenever it is needed. Who is asked for it may know the new
// one later than the file has it: until then the one that served before does. Copies are one
// secret. Thread-safe.
class Secret {
 public:
  Secret() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a text is a secret that does not change.
  Secret(std::string text) : text_(std::move(text)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Secret(const char* text) : text_(text) {}
  static Secret InFile(std::string path);

  // Whether none is given.
  [[nodiscard]] bool empty() const { return text_.empty() && path_.empty(); }
  // What it is now: of a file all but the end of its last line. UNAVAILABLE FILE_UNREADABLE with
  // the path.
  [[nodiscard]] absl::StatusOr<std::string> Read() const;
  // The file that holds it; empty if none does.
  [[nodiscard]] const std::string& path() const { return path_; }

  // What was read has opened the door.
  void NoteServed(const std::string& text) const;
  // What did so last; nothing if nothing has, or it cannot change.
  [[nodiscard]] std::optional<std::string> ServedLast() const;

 private:
  struct Served {
    std::mutex mutex;  // guards text
    std::optional<std::string> text;
  };

  std::string text_;
  std::string path_;
  // Of a file; shared by the copies.
  std::shared_ptr<Served> served_;
};

}  // namespace lotura
