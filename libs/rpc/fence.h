// What becomes of an exception that leaves a handler.
#pragma once

#include <absl/status/statusor.h>

#include <string_view>
#include <type_traits>

#include "libs/base/call.h"
#include "libs/observe/fence.h"
#include "libs/observe/log.h"

namespace lotura::rpc {

// Logs what escaped from a handler under an id, and gives INTERNAL with that id: a bug of the
// handler.
absl::Status Escaped(const observe::Log& log, const Call& call, std::string_view what);

// What `body` returns, or INTERNAL if an exception leaves it.
template <typename Body>
std::invoke_result_t<Body&> Fenced(const observe::Log& log, const Call& call, Body&& body) {
  return observe::Fenced(body, [&](std::string_view what) { return Escaped(log, call, what); });
}

}  // namespace lotura::rpc
