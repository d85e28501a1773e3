// What a load asks for.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lotura::bench {

struct Request {
  std::string bytes;
  // Comes back with the end of the call.
  std::uint64_t number = 0;
};

// Not thread-safe.
struct Workload {
  // "lotura.accounts.v1.PersonService/CreatePerson"
  std::string method;
  std::function<Request()> next;
  // May be empty. The answer is a message, or empty if the call failed.
  std::function<void(std::uint64_t number, std::string_view answer)> ended = {};
};

struct WorkloadSpec {
  // See MakeWorkload.
  std::string name;
  // Makes what is created differ from what another run creates.
  std::string run;
  std::uint64_t seed = 1;
  // The people that are read or changed: "people/g-<first>" and those after it.
  std::uint64_t first = 0;
  std::uint64_t records = 1;
  // The etag that they have at first.
  std::string etag;
};

// "nothing": an empty request to the server of this folder's neighbor. "create-person": people with
// all that a form asks for, each with a request_id. "get-person": each of the records once, in an
// order that looks like chance, then from the beginning. "get-hot-person": any of the records, the
// first ones much more often: half of the calls go to an eighth of them. "list-people": the first
// fifty by display name. "update-person" and "update-email": a new given name, or a new match key,
// for one record after the other, with its etag and a request_id. INVALID_ARGUMENT for another
// name.
absl::StatusOr<Workload> MakeWorkload(const WorkloadSpec& spec);

}  // namespace lotura::bench
