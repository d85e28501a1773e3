// Fields of JSON objects that strangers wrote. Included by .cc files alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lotura::rpc {

// Empty if `object` is none, or the field is absent or no text.
inline std::string TextOf(const nlohmann::json& object, const char* field) {
  if (!object.is_object()) return {};
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace lotura::rpc
