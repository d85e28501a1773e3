#include "libs/host/replay_command.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <map>

#include "libs/base/errors.h"
#include "libs/events/cloud_events.h"
#include "libs/events/position.h"

namespace lotura::host {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::chrono::seconds kTellPeriod{5};

constexpr char kUsage[] =
    "replay topic <service> [to=TOPIC] [after=POSITION] [from=TIME] [until=TIME] [tenant=ID] "
    "[resource-type=TYPE]... [event-type=TYPE]... [name=NAME]... [dry-run] | replay projection "
    "<service>.<consumer> [keep-rows] [dry-run]";

absl::Status WrongUsage() { return InvalidArgument("replay", "WRONG_USAGE", kUsage); }

std::optional<Instant> ReadTime(const std::string& text) {
  google::protobuf::Timestamp time;
  if (!TimeUtil::FromString(text, &time)) return std::nullopt;
  return Instant(std::chrono::microseconds(TimeUtil::TimestampToMicroseconds(time)));
}

// Takes "name=value" of a topic's replay; false if it is none.
bool TakeSelection(std::string_view name, const std::string& value, ReplayCommand& command) {
  events::ReplaySelection& selection = command.selection;
  const std::map<std::string_view, std::vector<std::string>*> lists = {
      {"resource-type", &selection.resource_types},
      {"event-type", &selection.event_types},
      {"name", &selection.names}};
  if (value.empty()) return false;
  if (const auto list = lists.find(name); list != lists.end()) {
    list->second->push_back(value);
    return true;
  }
  if (name == "to") {
    command.topic = value;
    return true;
  }
  if (name == "from") return (selection.from = ReadTime(value)).has_value();
  if (name == "until") return (selection.until = ReadTime(value)).has_value();
  if (name == "tenant") {
    const auto tenant = Uuid::Parse(value);
    if (tenant.has_value()) selection.tenant = TenantId{*tenant};
    return tenant.has_value();
  }
  const auto after = name == "after" ? events::ParsePosition(value) : std::nullopt;
  selection.after = after.value_or(events::Position());
  return after.has_value();
}

bool Take(const std::string& word, ReplayCommand& command) {
  const bool is_topic = command.target == ReplayCommand::Target::kTopic;
  if (word == "dry-run") {
    command.run = events::ReplayRun::kDry;
    return true;
  }
  if (word == "keep-rows" && !is_topic) {
    command.from = events::RebuildFrom::kPresentRows;
    return true;
  }
  const std::size_t equals = word.find('=');
  return is_topic && equals != std::string::npos &&
         TakeSelection(std::string_view(word).substr(0, equals), word.substr(equals + 1), command);
}

// Tells now and then.
class Teller {
 public:
  explicit Teller(const PrintLine& print) : print_(print) {}

  void Tell(const std::string& line) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + kTellPeriod;
    print_(line);
  }

 private:
  const PrintLine& print_;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kTellPeriod;
};

std::string LineOf(const events::ReplayProgress& progress, const ReplayCommand& command) {
  return fmt::format("{} of {} entries {}, up to {}", progress.published, progress.looked_at,
                     command.run == events::ReplayRun::kDry ? "would be published" : "published",
                     events::ToText(progress.position));
}

void PrintPlan(const events::RebuildPlan& plan, const PrintLine& print) {
  if (plan.is_under_way) print("a rebuild is under way: it goes on where it was");
  for (const events::Counted& table : plan.tables)
    print(fmt::format("table {}: {} rows", table.name, table.count));
  for (const events::Counted& source : plan.sources)
    print(fmt::format("journal of {}: {} published entries", source.name, source.count));
  for (const std::string& source : plan.incomplete)
    print(fmt::format("journal of {}: days have been dropped, its history is incomplete", source));
}

absl::Status Rebuild(events::ProjectionRebuild& rebuild, const PrintLine& print) {
  std::size_t handled = 0;
  std::size_t parked = 0;
  Teller teller(print);
  for (bool is_last = false; !is_last;) {
    LOTURA_ASSIGN_OR_RETURN(const events::RebuildStep step, rebuild.Step());
    handled += step.handled;
    parked += step.parked;
    is_last = step.is_last;
    teller.Tell(fmt::format("{} events handled, now those of {}", handled, step.source));
  }
  print(fmt::format("{} events handled, {} wait for a decision", handled, parked));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReplayCommand> ReplayCommand::Parse(std::span<const std::string> words) {
  if (words.size() < 3 || words[0] != "replay") return WrongUsage();
  ReplayCommand command;
  command.service = words[2];
  if (words[1] == "projection") {
    command.target = Target::kProjection;
    const std::size_t dot = words[2].find('.');
    if (dot == std::string::npos) return WrongUsage();
    command.service = words[2].substr(0, dot);
    command.consumer = words[2].substr(dot + 1);
  } else if (words[1] != "topic") {
    return WrongUsage();
  }
  for (const std::string& word : words.subspan(3)) {
    if (!Take(word, command)) return WrongUsage();
  }
  return command;
}

absl::Status ReplayIntoTopic(const ReplayCommand& command, events::Journal& journal,
                             events::Bus& bus, const PrintLine& print) {
  events::TopicReplay replay(
      {.service = command.service,
       .topic = command.topic.empty() ? events::TopicOf(command.service) : command.topic,
       .selection = command.selection,
       .run = command.run},
      journal, bus);
  Teller teller(print);
  while (!replay.progress().at_end) {
    const auto step = replay.Step();
    if (!step.ok()) {
      print(LineOf(replay.progress(), command));
      print(fmt::format("to go on: after={}", events::ToText(replay.progress().position)));
      return step.status();
    }
    teller.Tell(LineOf(*step, command));
  }
  print(LineOf(replay.progress(), command));
  return absl::OkStatus();
}

absl::Status ReplayIntoProjection(const ReplayCommand& command, events::ProjectionRebuild& rebuild,
                                  const PrintLine& print) {
  // To count all of a large journal takes longer than a statement may: nothing depends on it.
  if (command.run == events::ReplayRun::kDry) {
    LOTURA_ASSIGN_OR_RETURN(const events::RebuildPlan plan, rebuild.Plan());
    PrintPlan(plan, print);
    return absl::OkStatus();
  }
  LOTURA_RETURN_IF_ERROR(rebuild.Begin());
  const absl::Status rebuilt = Rebuild(rebuild, print);
  if (!rebuilt.ok()) print("the consumer waits until this command is run again");
  return rebuilt;
}

}  // namespace lotura::host
