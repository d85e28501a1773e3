// The program from its arguments to its exit code.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "tools/lotura/api/transport.h"
#include "tools/lotura/arguments.h"
#include "tools/lotura/exit_code.h"

namespace lotura::cli {

// What the program finds around itself.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  terminal::Style style;
  terminal::Style err_style;
  Variables variables;
  std::filesystem::path directory;
  // Made when a verb needs the services; a test puts its own in.
  std::function<std::unique_ptr<api::Transport>(const Connection&, const Arguments&)> connect;
  // Lets the services' own program do what the words say; comes back only if it cannot.
  std::function<absl::Status(const std::vector<std::string>& words)> administer;
};

ExitCode RunProgram(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace lotura::cli
