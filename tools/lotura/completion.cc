#include "tools/lotura/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/lotura/arguments.h"

namespace lotura::cli {
namespace {

std::vector<std::string> Collections(const api::ResourceModel& model) {
  std::vector<std::string> collections;
  for (const api::ResourceType& type : model.types()) collections.push_back(type.Collection());
  return collections;
}

// Names of records begin with these.
std::vector<std::string> NameBeginnings(const api::ResourceModel& model) {
  std::vector<std::string> beginnings;
  for (const api::ResourceType& type : model.types()) {
    if (!type.HasParent()) beginnings.push_back(type.Collection() + "/");
  }
  return beginnings;
}

std::vector<std::string> VerbNames() {
  std::vector<std::string> names;
  for (const VerbSummary& verb : Verbs()) names.push_back(verb.name);
  return names;
}

std::string Bash(const api::ResourceModel& model) {
  std::string options;
  for (const VerbSummary& verb : Verbs())
    options += fmt::format("    {}) options=\"{}\" ;;\n", verb.name, fmt::join(verb.options, " "));
  return fmt::format(
      R"sh(# Completion of lotura for bash: eval "$(lotura completion bash)"
_lotura() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" verb="" options="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case " {0} " in *" ${{COMP_WORDS[i]}} "*) verb="${{COMP_WORDS[i]}}"; break ;; esac
  done
  case "$verb" in
{1}  esac
  case "$verb:$word" in
    *:-*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    :*) COMPREPLY=($(compgen -W "{0}" -- "$word")) ;;
    list:* | create:*) COMPREPLY=($(compgen -W "{2}" -- "$word")) ;;
    import:*) COMPREPLY=($(compgen -f -- "$word")) ;;
    completion:*) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
    get:* | update:* | delete:* | undelete:* | timeline:*)
      compopt -o nospace
      COMPREPLY=($(compgen -W "{3}" -- "$word")) ;;
  esac
}}
complete -F _lotura lotura
)sh",
      fmt::join(VerbNames(), " "), options, fmt::join(Collections(model), " "),
      fmt::join(NameBeginnings(model), " "));
}

std::string Zsh(const api::ResourceModel& model) {
  return "#compdef lotura\n# Completion of lotura for zsh: eval \"$(lotura completion zsh)\"\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         Bash(model);
}

std::string Fish(const api::ResourceModel& model) {
  std::string script = "# Completion of lotura for fish: lotura completion fish | source\n";
  for (const VerbSummary& verb : Verbs()) {
    script += fmt::format("complete -c lotura -n __fish_use_subcommand -f -a {} -d '{}'\n",
                          verb.name, verb.help);
    for (const std::string& option : verb.options) {
      script += fmt::format("complete -c lotura -n '__fish_seen_subcommand_from {}' -l {}\n",
                            verb.name, option.substr(2));
    }
  }
  script +=
      fmt::format("complete -c lotura -n '__fish_seen_subcommand_from list create' -f -a '{}'\n",
                  fmt::join(Collections(model), " "));
  script += fmt::format(
      "complete -c lotura -n '__fish_seen_subcommand_from get update delete undelete timeline' -f "
      "-a '{}'\n",
      fmt::join(NameBeginnings(model), " "));
  script +=
      "complete -c lotura -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
  return script;
}

}  // namespace

std::string CompletionScript(std::string_view shell, const api::ResourceModel& model) {
  if (shell == "bash") return Bash(model);
  if (shell == "zsh") return Zsh(model);
  if (shell == "fish") return Fish(model);
  return "";
}

}  // namespace lotura::cli
