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
  // One of NamesOfWorkloads.
  std::string name;
  // Makes what is created differ from what another run creates.
  std::string run;
  // Records that are there, with the ids that create-person gives: 0 to records - 1.
  std::uint64_t records = 0;
  std::uint64_t seed = 1;
};

// "nothing": an empty request to the server of this folder's neighbor; "create-person": people with
// all that a form asks for, each with a request_id; "get-person": one of `records`, each as likely
// as the other. INVALID_ARGUMENT for another name.
absl::StatusOr<Workload> MakeWorkload(const WorkloadSpec& spec);

}  // namespace lotura::bench
