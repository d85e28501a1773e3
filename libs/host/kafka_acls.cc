#include "libs/host/kafka_acls.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "libs/base/errors.h"
#include "libs/events/cloud_events.h"
#include "libs/events/consumer_step.h"

namespace lotura::host {
namespace {

constexpr char kUsage[] =
    "kafka-acls [principal=PATTERN], such as principal=User:CN={service},O=Example; without "
    "spaces, quotes and backslashes";
constexpr std::string_view kPrincipal = "principal=";
constexpr std::string_view kService = "{service}";

absl::Status WrongUsage() { return InvalidArgument("kafka-acls", "WRONG_USAGE", kUsage); }

// Whether a shell leaves it as it is.
bool IsPlain(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c > ' ' && c != '"' && c != '\'' && c != '\\' && c != '\x7f'; });
}

std::string PrincipalOf(std::string pattern, const std::string& service) {
  const std::size_t place = pattern.find(kService);
  if (place != std::string::npos) pattern.replace(place, kService.size(), service);
  return pattern;
}

}  // namespace

std::string GroupOf(const std::string& service, const std::string& consumer) {
  return fmt::format("{}.{}", service, consumer);
}

std::vector<std::string> TopicsOf(const ConsumerSpec& consumer) {
  std::vector<std::string> topics;
  for (const std::string& service : consumer.services) topics.push_back(events::TopicOf(service));
  return topics;
}

KafkaUse KafkaUseOf(const std::string& service, std::span<const ConsumerSpec> consumers,
                    Announces announces) {
  KafkaUse use{.service = service};
  (announces == Announces::kChanges ? use.written : use.created).insert(events::TopicOf(service));
  for (const ConsumerSpec& consumer : consumers) {
    const std::string group = GroupOf(service, consumer.name);
    use.groups.insert(group);
    for (const std::string& topic : TopicsOf(consumer)) {
      use.read.insert(topic);
      use.written.insert(events::DeadLetterTopicOf(topic, group));
    }
  }
  return use;
}

absl::StatusOr<KafkaAclsCommand> KafkaAclsCommand::Parse(std::span<const std::string> words) {
  KafkaAclsCommand command;
  if (words.empty() || words[0] != "kafka-acls" || words.size() > 2) return WrongUsage();
  if (words.size() == 1) return command;
  if (!words[1].starts_with(kPrincipal)) return WrongUsage();
  command.principal = words[1].substr(kPrincipal.size());
  if (command.principal.empty() || !IsPlain(command.principal)) return WrongUsage();
  return command;
}

std::vector<std::string> KafkaAcls(const KafkaAclsCommand& command, const KafkaUse& use) {
  const std::string allow =
      "--add --allow-principal " + PrincipalOf(command.principal, use.service);
  std::vector<std::string> lines;
  const auto add = [&](const char* operations, const std::set<std::string>& topics,
                       const std::set<std::string>& groups) {
    if (topics.empty() && groups.empty()) return;
    std::string line = allow + operations;
    for (const std::string& topic : topics) line += " --topic " + topic;
    for (const std::string& group : groups) line += " --group " + group;
    lines.push_back(std::move(line));
  };
  // Whoever may write or read something may also describe it.
  add(" --operation Write --operation Create", use.written, {});
  add(" --operation Describe --operation Create", use.created, {});
  add(" --operation Read", use.read, use.groups);
  return lines;
}

}  // namespace lotura::host
