#include "libs/base/names.h"

#include <algorithm>

namespace lotura {
namespace {

constexpr std::size_t kIdSizeMax = 63;

bool IsIdCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

bool IsWellFormedId(std::string_view id) {
  if (id.empty() || id.size() > kIdSizeMax) return false;
  return id.front() >= 'a' && id.front() <= 'z' && id.back() != '-' &&
         std::ranges::all_of(id, IsIdCharacter);
}

std::string_view ParentOf(std::string_view name) {
  const std::size_t id = name.rfind('/');
  if (id == std::string_view::npos || id == 0) return {};
  const std::size_t collection = name.rfind('/', id - 1);
  return collection == std::string_view::npos ? std::string_view() : name.substr(0, collection);
}

}  // namespace lotura
