#include "services/directory/domain/administrator.h"

#include "libs/base/names.h"

namespace lotura::directory::domain {
namespace {

constexpr std::string_view kUsers = "users/";
constexpr std::string_view kClients = "clients/";

}  // namespace

std::optional<Administrator> FindAdministrator(std::string_view text) {
  Administrator found;
  if (text.starts_with(kClients)) {
    found.kind = Administrator::Kind::kClient;
    text.remove_prefix(kClients.size());
  } else if (text.starts_with(kUsers)) {
    text.remove_prefix(kUsers.size());
  }
  if (!IsWellFormedId(text)) return std::nullopt;
  found.id = text;
  return found;
}

std::string NameOf(const Administrator& administrator) {
  const bool is_user = administrator.kind == Administrator::Kind::kUser;
  return std::string(is_user ? kUsers : kClients) + administrator.id;
}

}  // namespace lotura::directory::domain
