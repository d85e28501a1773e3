#include "tools/lotura/admin_verb.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "libs/base/errors.h"

namespace lotura::cli {
namespace {

constexpr char kServices[] = "lotura-all";

// Of the command line itself; a service knows no such settings.
bool IsOurs(const std::string& variable) {
  constexpr std::array<std::string_view, 6> kOurs = {
      "LOTURA_TOKEN",   "LOTURA_TOKEN_FILE",       "LOTURA_ENDPOINT",
      "LOTURA_CA_FILE", "LOTURA_CERTIFICATE_FILE", "LOTURA_KEY_FILE"};
  return std::ranges::find(kOurs, variable.substr(0, variable.find('='))) != kOurs.end();
}

void AddValue(std::string_view name, const std::string& value, std::vector<std::string>& words) {
  if (!value.empty()) words.push_back(fmt::format("{}={}", name, value));
}

void AddValues(std::string_view name, const std::vector<std::string>& values,
               std::vector<std::string>& words) {
  for (const std::string& value : values) AddValue(name, value, words);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::vector<std::string> WordsOf(const ReplayTopicFlags& flags) {
  std::vector<std::string> words{"replay", "topic", flags.service};
  AddValue("to", flags.topic, words);
  AddValue("after", flags.after, words);
  AddValue("from", flags.from, words);
  AddValue("until", flags.until, words);
  AddValue("tenant", flags.tenant, words);
  AddValues("resource-type", flags.resource_types, words);
  AddValues("event-type", flags.event_types, words);
  AddValues("name", flags.names, words);
  if (flags.dry_run) words.emplace_back("dry-run");
  return words;
}

std::vector<std::string> WordsOf(const ReplayProjectionFlags& flags) {
  std::vector<std::string> words{"replay", "projection", flags.consumer};
  if (flags.keep_rows) words.emplace_back("keep-rows");
  if (flags.dry_run) words.emplace_back("dry-run");
  return words;
}

std::vector<std::string> ServiceEnvironment(std::span<const std::string> environment) {
  std::vector<std::string> kept(environment.begin(), environment.end());
  std::erase_if(kept, IsOurs);
  return kept;
}

absl::Status BecomeServices(const std::vector<std::string>& words) {
  std::error_code error;
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / kServices;
  std::vector<std::string> arguments{program.string()};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  std::vector<std::string> environment = ServiceEnvironment(all);
  execve(program.c_str(), Pointers(arguments).data(), Pointers(environment).data());
  return Unavailable("PROGRAM_MISSING", fmt::format("{} cannot be run", program.string()));
}

}  // namespace lotura::cli
