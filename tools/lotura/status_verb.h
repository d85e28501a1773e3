// status: which services serve.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>

#include "tools/lotura/api/transport.h"
#include "tools/lotura/connection.h"
#include "tools/lotura/exit_code.h"
#include "tools/lotura/output.h"

namespace lotura::cli {

struct StatusFlags {};

// Asks the standard health service of each endpoint, which wants no token. kUnreachable if one does
// not answer, otherwise kRefused if one says that it does not serve.
ExitCode Status(
    const Connection& connection,
    const std::function<std::unique_ptr<api::Transport>(const Connection& connection)>& connect,
    std::chrono::milliseconds timeout, const Output& output);

}  // namespace lotura::cli
