// Files in JSON that an operator writes: every mistake is named with its place.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>

#include "libs/base/errors.h"
#include "libs/base/uuid.h"

namespace lotura::rpc {

// One object, whose members are asked for by name; what nobody asked for is a violation. The object
// and the violations outlive it.
class JsonReader {
 public:
  // Where the object stands ("issuers[0]"; empty for the whole file), and the reason that its
  // violations get.
  struct Place {
    std::string path;
    std::string reason;
  };

  JsonReader(const nlohmann::json& object, Place place, Violations& violations);

  // Null if it is absent.
  const nlohmann::json* Find(const char* name);
  // `absent` if there is no such member; null: it must be there.
  std::string Text(const char* name, const char* absent);
  // Null if it is none.
  const nlohmann::json* List(const char* name);
  // "tenants", a list of UUIDs. Empty for "any".
  std::set<TenantId> Tenants();

  // `name` is empty for the object as a whole.
  void Wrong(std::string_view name, std::string_view what);
  void RefuseOthers();

 private:
  const nlohmann::json& object_;
  const Place place_;
  Violations& violations_;
  std::set<std::string> known_;
};

}  // namespace lotura::rpc
