// What a load asks for.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>

namespace lotura::bench {

// The bytes of the next request. Not thread-safe.
using Requests = std::function<std::string()>;

struct Workload {
  // "lotura.accounts.v1.PersonService/CreatePerson"
  std::string method;
  Requests requests;
};

struct WorkloadSpec {
  // See MakeWorkload.
  std::string name;
  // Makes what is created differ from what another run creates.
  std::string run;
  std::uint64_t seed = 1;
  // How many people there are to read: "people/g-0", "people/g-1" and so on.
  std::uint64_t records = 1;
};

// "nothing": an empty request to the server of this folder's neighbor. "create-person": people with
// all that a form asks for, each with a request_id. "get-person": each of the records once, in an
// order that looks like chance, then from the beginning. "list-people": the first fifty by display
// name. INVALID_ARGUMENT for another name.
absl::StatusOr<Workload> MakeWorkload(const WorkloadSpec& spec);

}  // namespace lotura::bench
