// lotura.access.v1.AccessService of a process: why its services let somebody do what.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>

#include "libs/access/policies.h"
#include "libs/resource/catalog.h"
#include "libs/resource/store.h"
#include "libs/rpc/door.h"
#include "lotura/access/v1/access_service.pb.h"

namespace lotura::access {

// The package that a door with it serves.
inline constexpr char kAccessPackage[] = "lotura.access.v1";

// Filled before the server starts, then thread-safe. Must outlive the server.
class AccessService {
 public:
  // What of a service it needs; all of it outlives this object.
  struct Source {
    const Policies& policies;
    const resource::Catalog& catalog;
    resource::Store& store;
  };

  void Add(const std::string& service, const Source& source);
  void ServeAt(rpc::Door& door);

 private:
  absl::StatusOr<v1::ExplainAccessResponse> Explain(const Call& call,
                                                    const v1::ExplainAccessRequest& request) const;

  std::map<std::string, Source, std::less<>> sources_;  // services are no tenant's
};

}  // namespace lotura::access
