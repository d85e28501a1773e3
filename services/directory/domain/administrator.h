// Who administers a new tenant, as its record names him.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lotura::directory::domain {

struct Administrator {
  enum class Kind { kUser, kClient };

  Kind kind = Kind::kUser;
  // The last part of his name.
  std::string id;

  friend bool operator==(const Administrator&, const Administrator&) = default;
};

// Of "anna", "users/anna" or "clients/erp", as tokens name callers; nothing for any other text.
std::optional<Administrator> FindAdministrator(std::string_view text);
// "users/anna".
std::string NameOf(const Administrator& administrator);

}  // namespace lotura::directory::domain
