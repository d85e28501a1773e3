#include "libs/host/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "libs/base/errors.h"

namespace lotura::host {
namespace {

constexpr int kExitWrongSettings = 2;

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

}  // namespace

CommandLine::CommandLine(int argc, char** argv)
    : program(argv[0]), settings(argv + 1, argv + argc) {
  const auto first = std::ranges::find_if(
      settings, [](const std::string& argument) { return argument.starts_with("--"); });
  words.assign(settings.begin(), first);
  settings.erase(settings.begin(), first);
}

int Refuse(const char* program, const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", program, Message(status).c_str());
  for (const FieldViolation& violation : ViolationsOf(status)) {
    std::fprintf(stderr, "  %s: %s\n", violation.field.c_str(), violation.description.c_str());
  }
  return kExitWrongSettings;
}

std::optional<int> ReadSettings(const CommandLine& line, Options& options,
                                const std::function<absl::Status()>& validate) {
  const auto verb = options.Parse(line.settings, Environment());
  if (!verb.ok()) return Refuse(line.program, verb.status());
  if (*verb == OptionsVerb::kRun || *verb == OptionsVerb::kCheck) {
    if (const absl::Status valid = validate(); !valid.ok()) return Refuse(line.program, valid);
  }
  switch (*verb) {
    case OptionsVerb::kRun:
      return std::nullopt;
    case OptionsVerb::kCheck:
      std::puts("the settings are valid");
      return 0;
    case OptionsVerb::kHelp:
    case OptionsVerb::kPrintDocs:
      std::fputs(options.Docs().c_str(), stdout);
      return 0;
  }
  return std::nullopt;
}

}  // namespace lotura::host
