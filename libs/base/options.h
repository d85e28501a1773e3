// Settings of a process: each declared once, read from flags and the environment, checked before
// anything starts.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/secret.h"

namespace lotura {

class Violations;

// What a setting is, for people.
struct OptionInfo {
  // "page-token-keys": the flag is --page-token-keys, the variable LOTURA_PAGE_TOKEN_KEYS.
  std::string name;
  std::string help;
  std::string unit = {};
};

struct NumberBounds {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

// What the command line asked for beside settings.
enum class OptionsVerb { kRun, kPrintDocs, kCheck, kHelp };

// Whether a LOTURA_ variable that is no setting is an error. A program that runs beside services
// shares their environment.
enum class UnknownVariables { kRefused, kIgnored };

// The targets of the settings outlive this object.
class Options {
 public:
  explicit Options(UnknownVariables unknown = UnknownVariables::kRefused) : unknown_(unknown) {}

  // Declared settings hold their defaults until Parse. A required one has none.
  void Text(OptionInfo info, std::string& target);
  void RequiredText(OptionInfo info, std::string& target);
  // Given by itself, or by "<name>-file", the path of a file that holds it.
  void Confidential(OptionInfo info, Secret& target);
  void RequiredConfidential(OptionInfo info, Secret& target);
  void Number(OptionInfo info, std::int64_t& target, NumberBounds bounds);
  // One of a few words.
  void Choice(OptionInfo info, std::string& target, std::vector<std::string> words);

  // A flag wins over the environment, the environment over the default. INVALID_ARGUMENT names
  // every wrong or missing setting and every flag or LOTURA_ variable that is none; `environment`
  // holds "NAME=value".
  absl::StatusOr<OptionsVerb> Parse(std::span<const std::string> arguments,
                                    std::span<const std::string> environment);

  // A table of all settings in Markdown.
  [[nodiscard]] std::string Docs() const;
  // The settings in force, secrets as "<redacted>".
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> InForce() const;

 private:
  struct Option {
    OptionInfo info;
    std::string type;
    std::string initial;
    bool required = false;
    bool given = false;
    // Another option that gives the same; not both are given.
    std::string other_way = {};
    // Takes the text, or says what is wrong with it.
    std::function<std::string(const std::string& text)> set;
    std::function<std::string()> get;
  };

  Option* Find(std::string_view name);
  void Add(Option option);
  [[nodiscard]] bool IsGivenOtherwise(const Option& option);
  // What is missing, and what is given twice.
  void CheckGiven(Violations& violations);

  const UnknownVariables unknown_;
  std::vector<Option> options_;
};

}  // namespace lotura
