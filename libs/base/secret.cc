#include "libs/base/secret.h"

#include "libs/base/errors.h"
#include "libs/base/files.h"

namespace lotura {

Secret Secret::InFile(std::string path) {
  Secret secret;
  secret.path_ = std::move(path);
  secret.served_ = std::make_shared<Served>();
  return secret;
}

void Secret::NoteServed(const std::string& text) const {
  if (served_ == nullptr) return;
  const std::lock_guard lock(served_->mutex);
  served_->text = text;
}

std::optional<std::string> Secret::ServedLast() const {
  if (served_ == nullptr) return std::nullopt;
  const std::lock_guard lock(served_->mutex);
  return served_->text;
}

absl::StatusOr<std::string> Secret::Read() const {
  if (path_.empty()) return text_;
  LOTURA_ASSIGN_OR_RETURN(std::string content, ReadFile(path_));
  if (content.ends_with('\n')) content.pop_back();
  if (content.ends_with('\r')) content.pop_back();
  return content;
}

}  // namespace lotura
