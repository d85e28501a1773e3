// What the programs of the benchmarks have in common: settings in, an exit code out.
#pragma once

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "libs/base/errors.h"
#include "libs/base/options.h"

namespace lotura::bench {

// The token that a file holds; empty if there is no path.
inline absl::StatusOr<std::string> ReadToken(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  if (!file) return InvalidArgument("token-file", "NOT_FOUND", "cannot be read");
  std::string token;
  file >> token;
  return token;
}

// Reads the settings and calls `run(settings)`, which returns a status. 0 if that is OK, 2 if it or
// the settings are not; --help and --print-config-docs print the settings.
template <typename Settings, typename Body>
int RunProgram(const char* name, int argc, char** argv, const Body& run) {
  constexpr int kFailed = 2;
  Settings settings;
  Options options(UnknownVariables::kIgnored);
  settings.Declare(options);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto verb = options.Parse(arguments, {});
  if (verb.ok() && *verb != OptionsVerb::kRun) {
    fmt::print("{}", options.Docs());
    return 0;
  }
  const absl::Status ended = verb.ok() ? run(settings) : verb.status();
  if (ended.ok()) return 0;
  fmt::print(stderr, "{}: {}\n", name, Message(ended));
  return kFailed;
}

}  // namespace lotura::bench
