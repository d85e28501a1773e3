// Fields of JSON objects that strangers wrote.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lotura::rpc {

// Empty if `object` is none, or the field is absent or no text.
std::string TextOf(const nlohmann::json& object, const char* field);

}  // namespace lotura::rpc
