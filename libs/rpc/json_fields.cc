#include "libs/rpc/json_fields.h"

#include <nlohmann/json.hpp>

namespace lotura::rpc {

std::string TextOf(const nlohmann::json& object, const char* field) {
  if (!object.is_object()) return {};
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace lotura::rpc
