// The command line of a binary: words that say what to do, then settings.
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/options.h"

namespace lotura::host {

struct CommandLine {
  const char* program;
  std::vector<std::string> words;
  std::vector<std::string> settings;

  CommandLine(int argc, char** argv);
};

// Tells on the standard error output what is wrong with it, field by field; the exit code is that
// of wrong settings.
int Refuse(const char* program, const absl::Status& status);

// What the main function should do after the settings were read: go on, or end with this code.
std::optional<int> ReadSettings(const CommandLine& line, Options& options,
                                const std::function<absl::Status()>& validate);

}  // namespace lotura::host
