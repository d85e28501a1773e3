// Repeating what happened, into a topic or a projection, on an operator's command line.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <span>
#include <string>

#include "libs/events/projection_rebuild.h"
#include "libs/events/topic_replay.h"

namespace lotura::host {

// The words before the flags:
//   replay topic <service> [to=TOPIC] [after=POSITION] [from=TIME] [until=TIME] [tenant=ID]
//     [resource-type=TYPE]... [event-type=TYPE]... [name=NAME]... [dry-run]
//   replay projection <service>.<consumer> [keep-rows] [dry-run]
struct ReplayCommand {
  enum class Target { kTopic, kProjection };

  Target target = Target::kTopic;
  std::string service;
  // Of a projection.
  std::string consumer;
  events::RebuildFrom from = events::RebuildFrom::kEmpty;
  // Of a topic: the service's own if it is empty.
  std::string topic;
  events::ReplaySelection selection;
  events::ReplayRun run = events::ReplayRun::kPublish;

  // INVALID_ARGUMENT (WRONG_USAGE) says how it is used.
  static absl::StatusOr<ReplayCommand> Parse(std::span<const std::string> words);
};

// Called for each line about what was done, as it is done.
using PrintLine = std::function<void(const std::string& line)>;

// Tells every few seconds how far it is, and at a failure from which position to go on.
absl::Status ReplayIntoTopic(const ReplayCommand& command, events::Journal& journal,
                             events::Bus& bus, const PrintLine& print);

// Tells what it found, and every few seconds how far it is. A failure leaves the consumer waiting:
// the same command goes on.
absl::Status ReplayIntoProjection(const ReplayCommand& command, events::ProjectionRebuild& rebuild,
                                  const PrintLine& print);

}  // namespace lotura::host
