// Scripts that complete the command line in a shell.
#pragma once

#include <string>
#include <string_view>

#include "tools/lotura/api/resource_model.h"

namespace lotura::cli {

// For "bash", "zsh" or "fish"; empty for any other shell.
std::string CompletionScript(std::string_view shell, const api::ResourceModel& model);

}  // namespace lotura::cli
