#include "libs/rpc/json_reader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace lotura::rpc {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kAnyTenant = "any";

}  // namespace

JsonReader::JsonReader(const Json& object, Place place, Violations& violations)
    : object_(object), place_(std::move(place)), violations_(violations) {
  if (!object_.is_object()) Wrong("", "an object is expected");
}

const Json* JsonReader::Find(const char* name) {
  known_.insert(name);
  const auto found = object_.is_object() ? object_.find(name) : object_.end();
  return found == object_.end() ? nullptr : &*found;
}

std::string JsonReader::Text(const char* name, const char* absent) {
  const Json* found = Find(name);
  if (found == nullptr && absent != nullptr) return absent;
  if (found != nullptr && found->is_string()) return found->get<std::string>();
  Wrong(name, "a text is expected");
  return {};
}

const Json* JsonReader::List(const char* name) {
  const Json* found = Find(name);
  if (found != nullptr && found->is_array()) return found;
  Wrong(name, "a list is expected");
  return nullptr;
}

std::set<TenantId> JsonReader::Tenants() {
  std::set<TenantId> tenants;
  const Json* found = Find("tenants");
  if (found != nullptr && *found == kAnyTenant) return tenants;
  if (found == nullptr || !found->is_array() || found->empty()) {
    Wrong("tenants", "it is a list of UUIDs or \"any\"");
    return tenants;
  }
  for (const Json& item : *found) {
    const auto* text = item.get_ptr<const std::string*>();
    const auto tenant = text == nullptr ? std::nullopt : Uuid::Parse(*text);
    if (tenant.has_value()) {
      tenants.insert(TenantId{*tenant});
    } else {
      Wrong("tenants", "each is a UUID");
    }
  }
  return tenants;
}

void JsonReader::Wrong(std::string_view name, std::string_view what) {
  const bool inner = !place_.path.empty() && !name.empty();
  violations_.Add(fmt::format("{}{}{}", place_.path, inner ? "." : "", name), place_.reason,
                  std::string(what));
}

void JsonReader::RefuseOthers() {
  if (!object_.is_object()) return;
  for (const auto& [name, value] : object_.items()) {
    if (!known_.contains(name)) Wrong(name, "nothing of this name is known");
  }
}

}  // namespace lotura::rpc
