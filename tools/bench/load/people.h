// People as somebody's form has them, who do not exist.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "lotura/accounts/v1/person.pb.h"

namespace lotura::bench {

// With a match key and all that a form asks for, but without a request_id. `run` and `number`
// together make the id: "p<run>-<number>".
accounts::v1::CreatePersonRequest NewPersonRequest(const std::string& run, std::uint64_t number,
                                                   std::mt19937_64& random);

}  // namespace lotura::bench
