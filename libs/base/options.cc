#include "libs/base/options.h"

#include <fmt/format.h>

#include <charconv>

#include "libs/base/errors.h"

namespace lotura {
namespace {

constexpr std::string_view kPrefix = "LOTURA_";
// Variables of the platform's tools, which every process of theirs inherits.
constexpr std::string_view kToolVariables[] = {"LOTURA_CACHE", "LOTURA_GOOGLEAPIS_DIR",
                                               "LOTURA_KAFKA_LIBS", "LOTURA_BUF", "LOTURA_GRPCURL"};

std::string VariableOf(std::string_view name) {
  std::string variable(kPrefix);
  for (const char c : name)
    variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return variable;
}

std::string NameOfVariable(std::string_view variable) {
  std::string name;
  for (const char c : variable.substr(kPrefix.size()))
    name += c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return name;
}

}  // namespace

void Options::Add(Option option) { options_.push_back(std::move(option)); }

void Options::Text(OptionInfo info, std::string& target) {
  Add({.info = std::move(info),
       .type = "text",
       .initial = target,
       .set =
           [&target](const std::string& text) {
             target = text;
             return std::string();
           },
       .get = [&target] { return target; }});
}

void Options::RequiredText(OptionInfo info, std::string& target) {
  Text(std::move(info), target);
  options_.back().required = true;
}

void Options::Confidential(OptionInfo info, Secret& target) {
  const std::string name = info.name;
  const OptionInfo by_file{name + "-file",
                           "file that holds " + name + ", which may be replaced meanwhile"};
  Add({.info = std::move(info),
       .type = "text",
       .initial = "",
       .other_way = by_file.name,
       .set =
           [&target](const std::string& text) {
             target = Secret(text);
             return std::string();
           },
       .get =
           [&target] {
             return std::string(target.empty() || !target.path().empty() ? "" : "<redacted>");
           }});
  Add({.info = by_file,
       .type = "text",
       .initial = "",
       .other_way = name,
       .set =
           [&target](const std::string& path) {
             target = Secret::InFile(path);
             const absl::Status read = target.Read().status();
             return read.ok() ? std::string() : "cannot be used: " + Message(read);
           },
       .get = [&target] { return target.path(); }});
}

void Options::RequiredConfidential(OptionInfo info, Secret& target) {
  const std::string name = info.name;
  Confidential(std::move(info), target);
  Find(name)->required = true;
}

void Options::Number(OptionInfo info, std::int64_t& target, NumberBounds bounds) {
  Add({.info = std::move(info),
       .type = fmt::format("{} to {}", bounds.min, bounds.max),
       .initial = std::to_string(target),
       .set =
           [&target, bounds](const std::string& text) {
             std::int64_t value = 0;
             const auto [end, error] =
                 std::from_chars(text.data(), text.data() + text.size(), value);
             if (error != std::errc() || end != text.data() + text.size())
               return std::string("is not a number");
             if (value < bounds.min || value > bounds.max)
               return fmt::format("must lie between {} and {}", bounds.min, bounds.max);
             target = value;
             return std::string();
           },
       .get = [&target] { return std::to_string(target); }});
}

void Options::Choice(OptionInfo info, std::string& target, std::vector<std::string> words) {
  const std::string type = fmt::format("{}", fmt::join(words, ", "));
  Add({.info = std::move(info),
       .type = type,
       .initial = target,
       .set =
           [&target, words = std::move(words), type](const std::string& text) {
             if (std::ranges::find(words, text) == words.end()) return "is none of " + type;
             target = text;
             return std::string();
           },
       .get = [&target] { return target; }});
}

Options::Option* Options::Find(std::string_view name) {
  const auto found = std::ranges::find(
      options_, name, [](const Option& option) { return std::string_view(option.info.name); });
  return found == options_.end() ? nullptr : &*found;
}

absl::StatusOr<OptionsVerb> Options::Parse(std::span<const std::string> arguments,
                                           std::span<const std::string> environment) {
  Violations violations;
  OptionsVerb verb = OptionsVerb::kRun;
  const auto set = [&](const std::string& name, const std::string& shown,
                       const std::string& value) {
    Option* option = Find(name);
    if (option == nullptr)
      return violations.Add(shown, "SETTING_UNKNOWN", "is not a setting of this program");
    const std::string wrong = option->set(value);
    if (!wrong.empty()) return violations.Add(shown, "SETTING_INVALID", wrong);
    option->given = true;
  };
  for (const std::string& variable : environment) {
    const std::size_t equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    if (!name.starts_with(kPrefix) ||
        std::ranges::find(kToolVariables, name) != std::end(kToolVariables))
      continue;
    if (unknown_ == UnknownVariables::kIgnored && Find(NameOfVariable(name)) == nullptr) continue;
    set(NameOfVariable(name), name, variable.substr(equals + 1));
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--help") {
      verb = OptionsVerb::kHelp;
    } else if (argument == "--print-config-docs") {
      verb = OptionsVerb::kPrintDocs;
    } else if (argument == "--check-config") {
      verb = OptionsVerb::kCheck;
    } else if (!argument.starts_with("--")) {
      violations.Add(argument, "SETTING_UNKNOWN", "is not a flag");
    } else if (const std::size_t equals = argument.find('='); equals != std::string::npos) {
      set(argument.substr(2, equals - 2), argument.substr(0, equals), argument.substr(equals + 1));
    } else if (i + 1 < arguments.size()) {
      set(argument.substr(2), argument, arguments[i + 1]);
      ++i;
    } else {
      violations.Add(argument, "SETTING_INVALID", "has no value");
    }
  }
  if (verb == OptionsVerb::kHelp || verb == OptionsVerb::kPrintDocs) return verb;
  CheckGiven(violations);
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  return verb;
}

bool Options::IsGivenOtherwise(const Option& option) {
  return !option.other_way.empty() && Find(option.other_way)->given;
}

void Options::CheckGiven(Violations& violations) {
  for (const Option& option : options_) {
    const std::string variable = VariableOf(option.info.name);
    if (option.required && !option.given && !IsGivenOtherwise(option))
      violations.Add(variable, "SETTING_MISSING", option.info.help);
    // Told once, of the second of the two.
    const bool is_second = !option.other_way.empty() && Find(option.other_way) < &option;
    if (is_second && option.given && IsGivenOtherwise(option))
      violations.Add(variable, "SETTING_INVALID",
                     fmt::format("{} is given, too", VariableOf(option.other_way)));
  }
}

std::string Options::Docs() const {
  std::string docs = "| flag | variable | values | default | meaning |\n|---|---|---|---|---|\n";
  for (const Option& option : options_) {
    const std::string initial = option.required ? "required" : option.initial;
    docs += fmt::format("| `--{}` | `{}` | {}{} | {} | {} |\n", option.info.name,
                        VariableOf(option.info.name), option.type,
                        option.info.unit.empty() ? "" : " " + option.info.unit, initial,
                        option.info.help);
  }
  return docs;
}

std::vector<std::pair<std::string, std::string>> Options::InForce() const {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const Option& option : options_) {
    settings.emplace_back(option.info.name, option.get());
  }
  return settings;
}

}  // namespace lotura
